// SPDX-License-Identifier: Apache-2.0
import Lab
import Testing

/// `rpfwatch explain` by itself; that it says what happens is for the scenarios.
@Suite struct ExplainCommandTests {
    private let testbed: Testbed

    init() throws {
        testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
    }

    private func explain(_ words: String..., json: Bool = true) throws -> RpfwatchProcess.Outcome {
        let words = words.flatMap { $0.split(separator: " ").map(String.init) }
        return try RpfwatchProcess.run(
            ["explain", "--netns", testbed.host.argument] + words + (json ? ["--json"] : []))
    }

    @Test func `it says the verdict, the way there, what would have to differ and the kernel's own answer`() throws {
        let outcome = try explain("203.0.113.5 192.0.2.1 -i a0", json: false)
        #expect(outcome.status == 1)
        let text = outcome.lines.joined(separator: " ")
        let words = text.split(separator: " ").joined(separator: " ")
        for part in [
            "dropped by rp_filter: wrong_interface", "rule 32766, table main, 203.0.113.0/25, by b0 via 198.51.100.2",
            "the effective rp_filter of a0 were loose (2), or off", "led through a0", "it agrees",
        ] {
            #expect(words.contains(part))
        }
    }

    @Test func `an accepted packet is exit 0, and so is one that never comes to the check`() throws {
        let accepted = try explain("192.0.2.2 192.0.2.1 -i a0")
        #expect(accepted.status == 0)
        #expect(accepted.events?.first?["rpf.explain.verdict"] == "accept")
        let unreached = try explain("203.0.113.5 203.0.113.77 -i a0")
        #expect(unreached.status == 0)
        #expect(unreached.events?.first?["rpf.explain.verdict"] == "not_evaluated")
        #expect(unreached.events?.first?["rpf.explain.kernel.agrees"] == true)
    }

    @Test func `all interfaces are answered for, and the loopback is not one`() throws {
        let outcome = try explain("203.0.113.5 192.0.2.1 --all-interfaces")
        #expect(outcome.status == 1)
        let verdicts = try #require(outcome.events).map {
            [$0["network.interface.name"], $0["rpf.explain.verdict"], $0["rpf.explain.kernel.agrees"]]
        }
        #expect(verdicts == [["a0", "drop", true], ["b0", "accept", true]])
        let table = try explain("203.0.113.5 192.0.2.1 --all-interfaces", json: false).lines
        #expect(table.contains { $0.hasPrefix("a0") && $0.contains("wrong_interface") })
    }

    @Test func `an ARP request is asked about like a packet`() throws {
        let outcome = try explain("203.0.113.5 192.0.2.1 -i a0 --arp")
        #expect(outcome.events?.first?["rpf.explain.path"] == "arp")
        #expect(outcome.events?.first?["rpf.explain.verdict"] == "drop")
    }

    @Test func `a snapshot answers like the host it was taken on, without asking anybody`() throws {
        try testbed.apply([
            .ip("rule add fwmark 7 lookup 100 priority 900"), .ip("route add 203.0.113.0/25 dev a0 table 100"),
            .sysctl("conf/a0/src_valid_mark", 1), .ip("route add blackhole 203.0.113.128/25 metric 5"),
        ])
        let file = try TemporaryFile()
        let written = try explain("--snapshot \(file.path)")
        #expect(written.status == 0)
        #expect(written.lines.isEmpty)
        for question in [
            "203.0.113.5 192.0.2.1 -i a0", "203.0.113.5 192.0.2.1 -i a0 --mark 7", "203.0.113.200 192.0.2.1 -i a0",
            "198.51.100.1 192.0.2.1 -i a0", "192.0.2.9 203.0.113.4 -i b0",
        ] {
            let live = try explain(question)
            // Nobody's files and namespaces are needed for it, nor root.
            let words = question.split(separator: " ").map(String.init)
            let recorded = try RpfwatchProcess.run(
                ["explain", "--from-snapshot", file.path, "--json"] + words,
                prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
            #expect(live.status == recorded.status, "\(recorded.standardError)")
            for name in ["verdict", "cause", "reverse", "forward", "tables", "sysctl"] {
                let path = "rpf.explain.\(name)"
                #expect(live.events?.first?[path] == recorded.events?.first?[path], "\(question): \(name)")
            }
            #expect(live.events?.first?["rpf.fix"] == recorded.events?.first?["rpf.fix"])
            #expect(recorded.events?.first?["rpf.explain.kernel"] == .null)
        }
    }

    @Test func `the own namespace needs no privilege`() throws {
        let outcome = try testbed.host.enter {
            try RpfwatchProcess.run(
                ["explain", "203.0.113.5", "192.0.2.1", "-i", "a0", "--json"],
                prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        }
        #expect(outcome.status == 1, "\(outcome.standardError)")
        #expect(outcome.events?.first?["rpf.explain.kernel.agrees"] == true)
    }

    @Test func `a rule that was there and is gone is told from one that never was, by asking the kernel`() throws {
        // With rp_filter 0 only a host that ever had a rule looks the source up, and refuses a broadcast address.
        try testbed.apply([.rpFilter("a0", 0)])
        let before = try explain("198.51.100.255 192.0.2.1 -i a0")
        #expect(before.events?.first?["rpf.explain.verdict"] == "accept")
        #expect(before.events?.first?["rpf.explain.kernel.agrees"] == true)
        try testbed.apply([.ip("rule add from 192.0.2.1 lookup 100 priority 900"), .ip("rule del priority 900")])
        let after = try explain("198.51.100.255 192.0.2.1 -i a0")
        #expect(after.events?.first?["rpf.explain.cause"] == "invalid_source")
        #expect(after.events?.first?["rpf.explain.kernel.agrees"] == true)
        for outcome in [before, after] { #expect(outcome.events?.first?["rpf.explain.unknown"] == .array([])) }
        // A snapshot cannot ask, so it says that it does not know.
        let file = try TemporaryFile()
        _ = try explain("--snapshot \(file.path)")
        let recorded = try RpfwatchProcess.run(
            ["explain", "--from-snapshot", file.path, "198.51.100.255", "192.0.2.1", "-i", "a0", "--json"])
        #expect(recorded.events?.first?["rpf.explain.unknown"]?.array?.count == 1)
    }

    @Test(arguments: [
        ("203.0.113.5 192.0.2.1", "-i"), ("203.0.113.5", "destination"),
        ("203.0.113.5 192.0.2.1 -i nosuch0", "nosuch0"),
        ("2001:db8::1 192.0.2.1 -i a0", "IPv6"), ("203.0.113.5 192.0.2.1 -i a0 --mark red", "0x1f"),
        ("203.0.113.5 192.0.2.1 -i a0 --arp --tos 16", "ARP"), ("203.0.113.5 192.0.2.1 -i a0 --all-interfaces", "both"),
        ("203.0.113.5 192.0.2.1 -i a0 --proto icmp --sport 5", "ports"),
        ("203.0.113.5 192.0.2.1 -i a0 --from-snapshot /nosuch", "--netns"),
    ])
    func `what cannot be asked is a usage error that says so`(_ words: String, _ part: String) throws {
        let outcome = try explain(words)
        #expect(outcome.status == 2)
        #expect(outcome.lines.isEmpty)
        #expect(outcome.standardError.contains(part), "\(outcome.standardError)")
    }

    @Test func `a file that is no snapshot is refused with a sentence`() throws {
        let outcome = try RpfwatchProcess.run(
            ["explain", "--from-snapshot", "/proc/self/status", "203.0.113.5", "192.0.2.1", "-i", "a0"])
        #expect(outcome.status == 2)
        #expect(outcome.standardError.contains("--snapshot FILE"))
    }
}
