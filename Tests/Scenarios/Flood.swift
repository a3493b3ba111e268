// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Lab

/// Many drops in a short time: the totals stay exact, whatever became of the detail.
package enum Flood {
    package static let procedures: [Procedure] = [
        Procedure("a flood: the totals are exact") { try exactTotals(drops: drops) },
        Procedure("a flood while rpfwatch stands still: what the ring could not take is lost, and counted") {
            try overflowingRing(drops: max(drops / 10, 60_000))
        },
        Procedure(
            "drops in process context under a receive flood: what interrupts the program is counted too",
            requires: [.twoCPUs, .tool("nft")]
        ) { try nested() },
        Procedure(
            "source checks whose probe the kernel skips: no drop is made up, and what is not known is said to be missing",
            requires: [.twoCPUs]
        ) { try skippedProbes() },
    ]

    /// CPU 0 sends, CPU 1 receives in the middle of operations on a BPF map, where the kernel runs no program on a kprobe:
    /// those verdicts are missed, and the drops that follow are not.
    private static func skippedProbes() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        try testbed.steerReceiving(of: "a0", toCPU: 1)
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let trace = try RpfwatchProcess(["trace", "--json", "-v", "--netns", testbed.host.argument])
        try trace.waitForStart()
        let before = try KernelCounters(of: testbed.host)
        let tier = trace.lines.first.flatMap { JSONValue($0) }?["rpf.trace.tier"]?.string ?? ""
        // Rounds that are not in real time are for the probes: see `becomeRealTime`.
        for round in 0..<(tier == "kprobe" ? 3 : 1) {
            let isFlooded = Flag()
            try sideBySide(
                {
                    defer { isFlooded.set() }
                    if round == 0 { try becomeRealTime() }
                    try sender.flood(senders, to: Testbed.ethernetAddress("a0"), count: max(drops / 20, 10_000))
                },
                {
                    if round == 0 { try becomeRealTime() }
                    while !isFlooded.isSet { try holdBackProbes(count: 100) }
                    try holdBackProbes(count: 1_000)
                })
        }
        let counted = try (testbed.settledCounters() - before).reversePathFilter
        let outcome = try trace.interruptAndFinish(within: 60)
        let events = TraceEvents(outcome)
        let end = events.end
        let reported = end?["rpf.drops"]?.integer ?? -1
        let sight = Sight(tier: tier)
        var problems = events.problems
        // Without drop reasons only the verdict tells.
        if sight.hasDropReasons ? reported != counted : reported > counted {
            problems.append("the kernel counted \(counted) drops, and the totals are \(end ?? .null)")
        }
        if end?["rpf.kernel.unexplained"] != .integer(counted - reported) {
            problems.append("\(counted - reported) drops are not accounted for: \(end?["rpf.kernel"] ?? .null)")
        }
        if events.findings.count != 1 { problems.append("there are \(events.findings.count) findings") }
        // Where the drop is told by its reason, only Linux 6.7 and later say what was skipped.
        if sight.tier == "kprobe" && !sight.hasDropReasons && reported == counted {
            problems.append("no probe was skipped: the scenario provokes nothing")
        }
        return problems
    }

    /// RPFWATCH_FLOOD of the environment: an emulated machine takes its time.
    private static let drops: Int =
        unsafe getenv("RPFWATCH_FLOOD").flatMap { unsafe Int(String(cString: $0)) } ?? 2_000_000

    /// 128 senders of the asymmetric subnet.
    private static let senders = (0..<128).map { IPv4Packet.udp(from: "203.0.113.\($0)", to: virtualAddress) }

    /// CPU 0 sends, CPU 1 receives by interrupt (receive packet steering) while it drops packets of its own: so the
    /// programs are often running there when a drop of the flood comes. Most kernels skip a program that is running.
    private static func nested() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([
            .rpFilter("a0", 1), .virtualAddressOnLoopback,
            .clientDropsItsDatagrams,
        ])
        try testbed.steerReceiving(of: "a0", toCPU: 1)
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let local = try UDPSink(port: 0, in: testbed.client)
        let trace = try RpfwatchProcess(["trace", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        let before = try KernelCounters(of: testbed.host)
        var rounds = 0
        repeat {
            try floodOverStorm(sender, local, realTime: rounds == 0)
            rounds += 1
        } while trace.nestedDrops == 0 && rounds < 10
        let counted = try (testbed.settledCounters() - before).reversePathFilter
        let nested = trace.nestedDrops
        let events = TraceEvents(try trace.interruptAndFinish(within: 60))
        var problems = events.problems + events.totalsProblems
        if events.end?["rpf.drops"] != .integer(counted) {
            problems.append("the kernel counted \(counted) drops, and the totals are \(events.end ?? .null)")
        }
        let lost = events.events("lost").filter { $0["rpf.loss.source"] == "nested" }
        if !lost.isEmpty { problems.append("drops went unseen: \(lost)") }
        if counted == 0 || nested == nil || nested == 0 {
            problems.append("\(nested.map(String.init) ?? "?") drops were nested: the scenario provokes nothing")
        }
        return problems
    }

    /// A fraction of a second, with `realTime` undisturbed by other tasks.
    private static func floodOverStorm(_ sender: PacketSender, _ local: UDPSink, realTime: Bool) throws {
        let isStorming = Flag()
        let isFlooded = Flag()
        try sideBySide(
            {
                defer { isFlooded.set() }
                if realTime { try becomeRealTime() }
                guard isStorming.wait() else { return }
                try sender.flood(senders, to: Testbed.ethernetAddress("a0"), count: max(drops / 20, 10_000))
            },
            {
                if realTime { try becomeRealTime() }
                isStorming.set()
                while !isFlooded.isSet { try local.storm(to: hostOnA, count: 1_000) }
                // Takes what is still queued for this CPU.
                try local.storm(to: hostOnA, count: 10_000)
            })
    }

    private static func overflowingRing(drops: Int) throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try trace.pause { try sender.flood(senders, to: Testbed.ethernetAddress("a0"), count: drops) }
        let events = TraceEvents(try trace.interruptAndFinish(within: 60), parsingDrops: false)
        var problems = events.problems + events.totalsProblems
        func total(_ name: String) -> Int { events.end?["rpf.\(name)"]?.integer ?? -1 }
        if total("drops") != drops { problems.append("the totals are \(events.end ?? .null)") }
        if total("emitted") >= drops { problems.append("nothing was left out: the scenario provokes nothing") }
        let lost = events.events("lost").filter { $0["rpf.loss.source"] == "ring_full" }
        if lost.reduce(0, { $0 + ($1["rpf.loss.count"]?.integer ?? 0) }) != total("lost") {
            problems.append("lost events \(lost) do not add up to \(total("lost"))")
        }
        let queued = events.events("lost").filter { $0["rpf.loss.source"] == "output_queue" }
        let unwritten = queued.reduce(0) { $0 + ($1["rpf.loss.count"]?.integer ?? 0) }
        if events.dropCount + unwritten != total("emitted") {
            problems.append("\(events.dropCount) drops were written, \(total("emitted")) were emitted")
        }
        return problems
    }

    private static func exactTotals(drops: Int) throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        // Detail goes where nobody counts it; what is counted comes by the other stream.
        let trace = try RpfwatchProcess(["trace", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        let before = try KernelCounters(of: testbed.host)
        let begin = monotonicSeconds()
        try sender.flood(senders, to: Testbed.ethernetAddress("a0"), count: drops)
        let seconds = monotonicSeconds() - begin
        let counted = try (KernelCounters(of: testbed.host) - before).reversePathFilter
        let events = TraceEvents(try trace.interruptAndFinish(within: 60))
        var problems = events.problems + events.totalsProblems
        if counted != drops { problems.append("the kernel counted \(counted) of \(drops) drops in \(seconds) s") }
        if events.end?["rpf.drops"] != .integer(drops) { problems.append("the totals are \(events.end ?? .null)") }
        if events.findings.count != 1 || events.findings.first?["rpf.drops"] != .integer(drops) {
            problems.append("the findings are \(events.findings)")
        }
        return problems
    }
}
