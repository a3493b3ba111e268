// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Testing

/// How a trial of a fix ends, whatever ends it.
@Suite(.serialized) struct FixCommandTests {
    private let testbed: Testbed
    private let trial: TrialRun
    private let before: NamespaceState

    init() throws {
        testbed = try Testbed()
        // The server is the client's gateway too, so that loose mode is the first choice.
        try testbed.apply([.rpFilter("a0", 1), .ip("address add 192.0.2.100/32 dev lo")])
        trial = try TrialRun(
            on: testbed, sending: .packets(.udp(from: "203.0.113.5", to: "192.0.2.100"), times: 1))
        before = try NamespaceState(of: testbed.host)
    }

    private func arguments(_ more: String..., prefix: [String] = []) throws -> [String] {
        let recorded = try trial.recordFindings(prefix: prefix)
        let id = try #require(recorded.findings.last?["rpf.finding_id"]?.string)
        return [id, "--netns", testbed.host.argument, "--before", "200ms", "--json"] + more
    }

    private func mode(of interface: String = "a0") throws -> String {
        try testbed.host.enter { contents(of: "/proc/sys/net/ipv4/conf/\(interface)/rp_filter") ?? "" }
    }

    /// Sends until the fix is made; the process goes on.
    private func startAndWaitForChange(_ arguments: [String]) throws -> RpfwatchProcess {
        let process = try trial.start(arguments)
        #expect(try trial.send { try mode() == "2\n" }, "nothing was changed: \(process.standardError)")
        return process
    }

    /// Everything is as it was, in the namespace and on disk.
    private func expectUndone(within seconds: Double = 20) throws {
        #expect(try eventually(within: seconds) { try mode() == "1\n" && !trial.hasRecord })
        #expect(try NamespaceState(of: testbed.host).differences(from: before).isEmpty)
    }

    @Test func `kept is kept, and nothing else is changed`() throws {
        let outcome = try trial.run(try arguments("--for", "500ms", "--keep"))
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.trial.kept"] == true)
        #expect(try NamespaceState(of: testbed.host).differences(from: before) == ["conf/a0/rp_filter: 1 became 2"])
        #expect(!trial.hasRecord)
    }

    @Test func `what others send is neither counted as come nor as accepted`() throws {
        let id = try arguments("--for", "500ms")
        let mixed = try TrialRun(
            on: testbed,
            sending: .packets(
                .udp(from: "203.0.113.5", to: "192.0.2.100"), .udp(from: "192.0.2.2", to: "192.0.2.100"), times: 1))
        let outcome = try mixed.run(id)
        #expect(outcome.status == 0, "\(outcome.standardError)")
        let before = outcome.events?.first?["rpf.trial.before"]
        #expect(before?["arrived"]?.integer ?? 0 > 0)
        #expect(before?["arrived"] == before?["dropped"])
        #expect(before?["accepted"] == 0)
    }

    @Test func `a fix that is not enough is not kept, and is exit 1`() throws {
        let process = try startAndWaitForChange(try arguments("--for", "2s", "--keep"))
        // Loose mode needs a route to the source, whichever.
        try testbed.apply([.ip("route del 203.0.113.0/25")])
        _ = try trial.send { process.read(within: 0.01) { !$0.isEmpty } }
        let outcome = try process.finish()
        #expect(outcome.status == 1, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.trial.outcome"] == "insufficient")
        #expect(outcome.events?.first?["rpf.trial.kept"] == false)
        #expect(try mode() == "1\n")
        #expect(!trial.hasRecord)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal undoes it at once and reports`(_ signal: Int32) throws {
        let process = try startAndWaitForChange(try arguments("--for", "5m"))
        process.signal(signal)
        let outcome = try process.finish()
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.trial.ending"] == "signal")
        try expectUndone()
    }

    @Test func `killed in the middle it is undone by the guard`() throws {
        let process = try startAndWaitForChange(try arguments("--for", "5m"))
        process.signal(SIGKILL)
        _ = try process.finish()
        try expectUndone()
    }

    @Test func `when the guard is killed the trial ends and is undone`() throws {
        let process = try startAndWaitForChange(try arguments("--for", "5m"))
        let guardian = try #require(child(of: process.processID, named: "fix-guard"))
        kill(guardian, SIGKILL)
        let outcome = try process.finish()
        #expect(outcome.events?.first?["rpf.trial.ending"] == "guard_lost")
        try expectUndone()
    }

    @Test func `when both are killed the record stays, keeps others away, and undoes it`() throws {
        let arguments = try arguments("--for", "5m")
        let process = try startAndWaitForChange(arguments)
        let guardian = try #require(child(of: process.processID, named: "fix-guard"))
        // Stopped, it cannot act between the two.
        kill(guardian, SIGSTOP)
        process.signal(SIGKILL)
        kill(guardian, SIGKILL)
        _ = try process.finish()
        #expect(try mode() == "2\n")
        #expect(trial.hasRecord)
        // It is told from a trial that runs: only the lock goes with the processes.
        try testbed.apply([.rpFilter("b0", 0)])
        let refused = try trial.start(arguments).finish(within: 10)
        #expect(refused.status == 5)
        #expect(refused.standardError.contains("fix --undo"), "\(refused.standardError)")
        let second = try trial.start(["--undo"]).finish()
        #expect(second.status == 0, "\(second.standardError)")
        try expectUndone(within: 1)
        #expect(try trial.start(["--undo"]).finish().standardError.contains("no trial"))
    }

    @Test func `two at once are refused`() throws {
        let arguments = try arguments("--for", "5m")
        let process = try startAndWaitForChange(arguments)
        for second in [["--undo"], ["0123456789abcdef"]] {
            let outcome = try trial.start(second).finish(within: 10)
            #expect(outcome.status == 5)
            #expect(outcome.standardError.contains("another `rpfwatch fix` is running"))
        }
        _ = try process.interruptAndFinish()
        try expectUndone()
    }

    /// Makes a fix out of 62 writes, off by push-down: every other interface is written to first. Their names.
    private func prepareManyWrites() throws -> [String] {
        let many = (0..<30).flatMap { ["x\($0)", "y\($0)"] }
        try testbed.apply(
            (0..<30).map { .ip("link add x\($0) type veth peer name y\($0)") }
                + [.rpFilter("all", 1), .rpFilter("a0", 0), .ip("address flush dev a0")])
        return many
    }

    private func countChanged(_ interfaces: [String]) throws -> Int {
        try testbed.host.enter {
            interfaces.count { contents(of: "/proc/sys/net/ipv4/conf/\($0)/rp_filter") == "1\n" }
        }
    }

    @Test func `killed before anything is changed it leaves nothing`() throws {
        for part in ["waiting", "counting"] {
            let process = try trial.start(
                [try #require(try arguments().first), "--netns", testbed.host.argument, "--before", "5m"])
            let sends = part == "counting"
            #expect(
                try sends
                    ? trial.send { process.standardError.contains(part) }
                    : eventually { process.standardError.contains(part) })
            process.signal(SIGKILL)
            _ = try process.finish()
            try expectUndone(within: 1)
        }
    }

    @Test func `when the guard is killed while it undoes the rest is undone all the same`() throws {
        let many = try prepareManyWrites()
        let state = try NamespaceState(of: testbed.host)
        let process = try trial.start(try arguments("--for", "5m", "--use", "interface_off"))
        #expect(try trial.send { try countChanged(many) == many.count }, "\(process.standardError)")
        let guardian = try #require(child(of: process.processID, named: "fix-guard"))
        process.signal(SIGINT)
        #expect(try eventually { try countChanged(many) < many.count })
        kill(guardian, SIGKILL)
        let outcome = try process.finish()
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(!trial.hasRecord)
        #expect(try NamespaceState(of: testbed.host).differences(from: state).isEmpty)
    }

    @Test func `killed at any step of many it is undone to the last value`() throws {
        let many = try prepareManyWrites()
        let state = try NamespaceState(of: testbed.host)
        let arguments = try arguments("--for", "5m", "--use", "interface_off")
        for step in [0, 1, 20, 59, 61] {
            let process = try trial.start(arguments)
            let reached = try trial.send {
                if step == 0 { return trial.hasRecord }
                return try countChanged(many) >= min(step, many.count)
            }
            process.signal(SIGKILL)
            _ = try process.finish()
            #expect(reached, "step \(step): \(process.standardError)")
            #expect(eventually(within: 20) { !trial.hasRecord }, "step \(step)")
            #expect(try NamespaceState(of: testbed.host).differences(from: state).isEmpty, "step \(step)")
        }
    }

    @Test func `a rewriter that wants the old value back ends the trial, and nothing is left`() throws {
        let process = try startAndWaitForChange(try arguments("--for", "5m"))
        _ = try testbed.host.run(["sysctl", "-w", "net.ipv4.conf.a0.rp_filter=1"])
        let outcome = try process.finish()
        #expect(outcome.status == 5)
        let trial = outcome.events?.first?["rpf.trial"]
        #expect(trial?["ending"] == "overwritten")
        #expect(trial?["outcome"] == "overwritten")
        let writer = trial?["overwritten"]?[0]?["writer"]?.string
        // Without a cgroup v2 hierarchy nobody tells.
        let hooks = try self.trial.recordFindings().all.first?["rpf.trace.hooks"]?.array ?? []
        if hooks.contains("cgroup/sysctl") {
            #expect(writer?.hasPrefix("sysctl (process ") == true, "\(outcome.lines) \(outcome.standardError)")
        }
        try expectUndone()
    }

    @Test func `a rewriter that races it all the while wins, and is not fought`() throws {
        let arguments = try arguments("--for", "5m")
        let rewriter = try testbed.host.enter {
            try spawn([
                "sh", "-c", "while :; do echo 1 > /proc/sys/net/ipv4/conf/a0/rp_filter; sleep 0.002; done",
            ])
        }
        defer { endProcess(rewriter) }
        let outcome = try trial.run(arguments)
        #expect(outcome.status == 5, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.trial.outcome"] == "overwritten")
        #expect(outcome.events?.first?["rpf.trial.kept"] == false)
        try expectUndone()
    }

    @Test func `what somebody else wrote meanwhile is left alone and named`() throws {
        let process = try startAndWaitForChange(try arguments("--for", "5m"))
        try testbed.apply([.rpFilter("a0", 0)])
        let outcome = try process.finish()
        #expect(outcome.status == 5)
        let undone = outcome.events?.first?["rpf.trial.undone"]?[0]
        #expect(undone?["found"] == "overwritten")
        #expect(undone?["value"] == "0")
        #expect(try mode() == "0\n")
        #expect(!self.trial.hasRecord)
    }

    @Test func `every change and its undoing is a line in the journal`() throws {
        let journal = try JournalSocket(in: trial.folder)
        // In its own view of the file system the journal is the test's.
        let outcome = try trial.run(
            try arguments("--for", "300ms"),
            prefix: [
                "unshare", "--mount", "sh", "-c",
                "mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/journal"
                    + " && mount --bind \(trial.folder.path)/journal /run/systemd/journal && exec \"$@\"", "sh",
            ])
        #expect(outcome.status == 0, "\(outcome.standardError)")
        let lines = journal.received()
        let id = outcome.events?.first?["rpf.finding_id"]?.string ?? "?"
        #expect(lines.count == 2)
        #expect(
            lines.allSatisfy { $0.contains("SYSLOG_IDENTIFIER=rpfwatch\n") && $0.contains("RPF_FINDING_ID=\(id)\n") })
        #expect(lines.first?.contains("net.ipv4.conf.a0.rp_filter 1 -> 2\n") == true, "\(lines)")
        #expect(lines.last?.contains("undone: net.ipv4.conf.a0.rp_filter 2 -> 1\n") == true, "\(lines)")
    }

    @Test func `persist shows the file, writes it and keeps the value`() throws {
        let files = "\(trial.folder.path)/sysctl.d"
        try runSuccessfully(["mkdir", files])
        // As process 1 of its own processes: the testbed's namespace is the initial one then.
        let prefix = [
            "nsenter", "--net=\(testbed.host.path)", "unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh",
            "-c",
            // Where systemd runs, which this machine may not.
            "mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/system"
                + " && mount --bind \(files) /etc/sysctl.d && exec \"$@\"", "sh",
        ]
        let arguments = try arguments("--for", "300ms", "--persist", prefix: prefix)
        let outcome = try trial.run(arguments, prefix: prefix)
        #expect(outcome.status == 0, "\(outcome.standardError)")
        let path = try #require(outcome.events?.first?["rpf.trial.persisted"]?.string)
        let written = try #require(contents(of: "\(files)/\(path.split(separator: "/").last ?? "")"))
        #expect(written.contains("\nnet.ipv4.conf.a0.rp_filter=2\n"), "\(written)")
        #expect(outcome.standardError.contains("net.ipv4.conf.a0.rp_filter=2"))
        #expect(try mode() == "2\n")
        // What somebody else wrote there is not replaced.
        let name = "\(files)/\(path.split(separator: "/").last ?? "")"
        try testbed.apply([.rpFilter("a0", 1)])
        try runSuccessfully(["sh", "-c", "echo '# mine' > \(name)"])
        let second = try trial.run(arguments, prefix: prefix)
        #expect(second.status == 0, "\(second.standardError)")
        #expect(contents(of: name) == "# mine\n")
        #expect(second.events?.first?["rpf.trial.persisted"]?.string != path)
    }

    @Test func `a key on the terminal keeps it or undoes it`() throws {
        for (key, isKept) in [("k", true), ("u", false)] {
            let arguments = try arguments("--for", "5m")
            let words = ([RpfwatchProcess.path, "fix"] + arguments).joined(separator: " ")
            // Its terminal is made by `script`, and the key comes when the fix is made.
            let file = "\(trial.folder.path)/key"
            let process = try RpfwatchProcess(
                [],
                prefix: [
                    "env", "RUNTIME_DIRECTORY=\(trial.folder.path)", "sh", "-c",
                    "(while [ ! -e \(file) ]; do sleep 0.05; done; printf \(key); sleep 2)"
                        + " | script -qec '\(words)' /dev/null", "sh",
                ])
            #expect(try trial.send { try mode() == "2\n" })
            try runSuccessfully(["touch", file])
            let outcome = try process.finish()
            let text = outcome.lines.joined(separator: "\n")
            #expect(text.contains("\"ending\":\"key\""), "\(text) \(outcome.standardError)")
            #expect(try mode() == (isKept ? "2\n" : "1\n"))
            #expect(!trial.hasRecord)
            try testbed.apply([.rpFilter("a0", 1)])
            try runSuccessfully(["rm", file])
        }
    }

    @Test func `when its terminal goes away it is undone`() throws {
        let words = ([RpfwatchProcess.path, "fix"] + (try arguments("--for", "5m"))).joined(separator: " ")
        let process = try RpfwatchProcess(
            [],
            prefix: [
                "env", "RUNTIME_DIRECTORY=\(trial.folder.path)", "sh", "-c",
                "exec script -qec '\(words)' /dev/null", "sh",
            ])
        #expect(try trial.send { try mode() == "2\n" }, "\(process.standardError)")
        process.signal(SIGKILL)
        _ = try process.finish()
        try expectUndone()
    }

    @Test func `a dry run prints and changes nothing`() throws {
        let outcome = try trial.run(try arguments("--dry-run").filter { $0 != "--json" })
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.lines.contains { $0.contains("net.ipv4.conf.a0.rp_filter 1 -> 2") })
        #expect(try NamespaceState(of: testbed.host).differences(from: before).isEmpty)
        #expect(!trial.hasRecord)
    }

    /// What `explain` says, as a file.
    private func recordedFile() throws -> TemporaryFile {
        let outcome = try RpfwatchProcess.run(
            ["explain", "203.0.113.5", "192.0.2.100", "-i", "a0", "--netns", testbed.host.argument, "--json"])
        return try TemporaryFile(outcome.lines.joined(separator: "\n") + "\n")
    }

    @Test func `straight from explain, without waiting for a packet`() throws {
        let file = try recordedFile()
        let outcome = try trial.start(["--from", file.path, "--before", "200ms", "--for", "200ms", "--json"]).finish()
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.trial.outcome"] == "no_traffic")
        #expect(outcome.events?.first?["rpf.trial.undone"]?[0]?["found"] == "made")
        try expectUndone()
    }

    @Test func `no command is taken from a file`() throws {
        let recorded = try recordedFile()
        let text = try #require(contents(of: recorded.path))
        let forged = try TemporaryFile(text.split(separator: "sysctl -w").joined(separator: "forged -w"))
        #expect(contents(of: forged.path) != text)
        let outcome = try trial.start(["--from", forged.path, "--dry-run"]).finish()
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.lines.contains { $0.contains("rp_filter 1 -> 2") })
        #expect(!outcome.lines.contains { $0.contains("forged") })
    }

    @Test(arguments: [
        ([], "number of a finding"), (["xyz"], "hexadecimal"), (["--undo", "--keep"], "leave out"),
        (["--from", "/nosuch"], "nosuch"), (["--from", "/proc/self/status"], "no finding"),
        (["0123456789abcdef", "--use", "everything_off"], "use"),
    ])
    func `what cannot be meant is a usage error that says so`(_ words: [String], _ part: String) throws {
        let outcome = try trial.start(words).finish()
        #expect(outcome.status == 2)
        #expect(outcome.standardError.contains(part), "\(outcome.standardError)")
    }
}
