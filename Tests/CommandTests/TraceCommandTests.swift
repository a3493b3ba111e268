// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Testing

/// How a trace starts, stops and treats its streams.
@Suite(.serialized) struct TraceCommandTests {
    private let testbed: Testbed
    private let drops = Traffic.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"))

    init() throws {
        testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
    }

    @Test func `json without follow carries every event but the drops`() throws {
        let trace = try start("--json")
        try testbed.send(drops)
        let events = TraceEvents(try trace.interruptAndFinish())
        #expect(events.problems.isEmpty)
        #expect(events.drops.isEmpty)
        #expect(events.findings.count == 1)
        #expect(events.end?["rpf.drops"] == 3)
        #expect(events.end?["rpf.end.reason"] == "signal")
    }

    @Test func `count stops after as many shown drops`() throws {
        let trace = try start("--follow", "--json", "--count", "2")
        try testbed.send(drops)
        let outcome = try trace.finish()
        #expect(outcome.status == 0)
        let events = TraceEvents(outcome)
        #expect(events.drops.count == 2)
        #expect(events.end?["rpf.emitted"] == 2)
        #expect(events.end?["rpf.end.reason"] == "count")
        #expect(events.totalsProblems.isEmpty)
    }

    @Test func `options may stand before the command, and values right behind a short option`() throws {
        let outcome = try RpfwatchProcess(
            ["-fq", "-d100ms", "trace", "--netns", testbed.host.argument, "-ojson", "-c5", "-ia0"]
        ).finish(within: 10)
        #expect(outcome.status == 0)
        #expect(outcome.standardError.isEmpty)
        #expect(TraceEvents(outcome).end?["rpf.end.reason"] == "duration")
    }

    @Test func `duration stops by itself`() throws {
        let trace = try start("--json", "--duration", "300ms")
        try testbed.send(drops)
        let outcome = try trace.finish()
        #expect(outcome.status == 0)
        let end = TraceEvents(outcome).end
        #expect(end?["rpf.end.reason"] == "duration")
        #expect(end?["rpf.drops"] == 3)
    }

    @Test func `fail-on-drop turns drops into exit 1, and strict is content when all are accounted for`() throws {
        let failing = try start("--json", "--fail-on-drop")
        let strict = try start("--json", "--strict")
        try testbed.send(drops)
        #expect(try failing.interruptAndFinish().status == 1)
        #expect(try strict.interruptAndFinish().status == 0)
        #expect(try start("--json", "--fail-on-drop").interruptAndFinish().status == 0)
    }

    @Test func `a filter hides drops and does not change the totals`() throws {
        let trace = try start("--follow", "--json", "--source", "203.0.113.64/26")
        try testbed.send(drops)
        try testbed.send(.packets(.udp(from: "203.0.113.65", to: "192.0.2.1"), times: 2))
        let events = TraceEvents(try trace.interruptAndFinish())
        #expect(events.drops.map { $0["source.ip"] } == ["203.0.113.65", "203.0.113.65"])
        #expect(events.findings.count == 1)
        #expect(events.end?["rpf.drops"] == 5)
        #expect(events.end?["rpf.filtered"] == 3)
        #expect(events.totalsProblems.isEmpty)
    }

    @Test func `an interface filter takes globs`() throws {
        let traces = try ["a*", "b*"].map { try start("--follow", "--json", "--interface", $0) }
        try testbed.send(drops)
        let shown = try traces.map { TraceEvents(try $0.interruptAndFinish()).drops.count }
        #expect(shown == [3, 0])
    }

    @Test func `other drops are counted, and shown only when asked for`() throws {
        let traces = try [["--json", "--follow"], ["--json", "--follow", "--all-drops"]].map { try start($0) }
        // Addressed to another host: ip_rcv drops it for a reason that has nothing to do with the source.
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "192.0.2.1")).entering(to: "ff"))
        let events = try traces.map { TraceEvents(try $0.interruptAndFinish()) }
        #expect(events.map { $0.drops.filter { $0["rpf.cause"] == "other" }.count } == [0, 3])
        // Whether the interface has an address is not in the kernel's record of such a drop.
        #expect(events[1].drops.allSatisfy { $0["rpf.iface_has_ipv4"] == .null })
        #expect(events.allSatisfy { ($0.end?["rpf.other_drops"]?.integer ?? 0) >= 3 })
        #expect(events.allSatisfy { $0.end?["rpf.drops"] == 0 && $0.findings.isEmpty })
    }

    @Test func `without any drop the report still says what was watched`() throws {
        let trace = try RpfwatchProcess(["trace", "--netns", testbed.host.argument, "--duration", "200ms"])
        let outcome = try trace.finish()
        #expect(outcome.status == 0)
        #expect(outcome.lines.count > 3)
    }

    @Test func `a full disk on standard output is one sentence and exit 5`() throws {
        let full = try Descriptor(unsafe open("/dev/full", O_WRONLY | O_CLOEXEC), "open", "/dev/full")
        let trace = try RpfwatchProcess(
            ["trace", "--quiet", "--json", "--netns", testbed.host.argument, "--duration", "300ms"], output: full.number
        )
        let outcome = try trace.finish()
        #expect(outcome.status == 5)
        expectOneSentence(outcome.standardError, about: "No space left on device")
    }

    @Test func `a reader that goes away ends it quietly with 141`() throws {
        let pipe = try Pipe()
        let writer = pipe.writer.number
        let trace = try RpfwatchProcess(
            ["trace", "--quiet", "--follow", "--json", "--netns", testbed.host.argument], output: writer)
        #expect(pipe.reader.isReadable(within: 10_000))
        pipe.reader.close()
        try testbed.send(drops)
        let outcome = try trace.finish()
        #expect(outcome.status == 141)
        #expect(outcome.standardError.isEmpty)
    }

    @Test func `a second interrupt ends it at once, even when nobody reads`() throws {
        let trace = try start("--follow", "--json")
        // Fills the pipe, so that the rest cannot be written.
        for _ in 0..<40 { try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 100)) }
        trace.signal(SIGINT)
        #expect(trace.takes(SIGINT))
        trace.signal(SIGINT)
        #expect(trace.ends(within: 10))
    }

    @Test func `a slow reader loses lines at most, never counts`() throws {
        let trace = try start("--follow", "--json")
        for _ in 0..<25 { try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 200)) }
        let counters = try KernelCounters(of: testbed.host)
        let events = TraceEvents(try trace.interruptAndFinish(within: 60))
        #expect(counters.reversePathFilter == 5_000)
        #expect(events.problems.isEmpty)
        #expect(events.end?["rpf.drops"] == 5_000)
        #expect(events.totalsProblems.isEmpty)
        #expect(events.findings.map { $0["rpf.drops"] } == [5_000])
    }

    @Test func `one line is one write, and comes when the drop happens`() throws {
        let trace = try start("--follow", "--json")
        try testbed.send(drops)
        #expect(trace.read(within: 20) { lines in lines.count { $0.contains("\"rpf-drop\"") } == 3 })
        _ = try trace.interruptAndFinish()
    }

    private func start(_ arguments: String...) throws -> RpfwatchProcess { try start(arguments) }

    private func start(_ arguments: [String]) throws -> RpfwatchProcess {
        let trace = try RpfwatchProcess(["trace", "--netns", testbed.host.argument] + arguments)
        try trace.waitForStart()
        return trace
    }
}
