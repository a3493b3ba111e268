// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Lab
import Packets
import Testing

@testable import Fixes

/// The commands as programs and arguments, run on real rules without a shell.
@Suite struct FilterCommandsTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var setup: String
        var rule: FilterRule
        /// Prints the rules byte for byte.
        var show: [String]
    }

    private static func nft(_ name: String, _ text: String, _ rule: String, dropper: FilterRule.Dropper? = nil) -> Case
    {
        Case(
            testDescription: name,
            setup: """
                nft add table inet guard
                nft 'add chain inet guard arrival { type filter hook prerouting priority raw; }'
                nft 'add rule inet guard arrival \(text)'
                nft 'add rule inet guard arrival udp dport 7 accept'
                """,
            rule: FilterRule(
                tool: .nft, family: "inet", table: "guard", chain: "arrival", handle: 2, position: 1, text: rule,
                dropper: dropper), show: ["nft", "-a", "list", "ruleset"])
    }

    private static func ip6tables(_ name: String, _ text: String, dropper: FilterRule.Dropper? = nil) -> Case {
        Case(
            testDescription: name,
            setup: """
                ip6tables -t raw -A PREROUTING -i lo -j ACCEPT
                ip6tables -t raw -A PREROUTING \(text)
                ip6tables -t raw -A PREROUTING -p udp -j ACCEPT
                """,
            rule: FilterRule(
                tool: .iptables(command: "ip6tables"), family: "ip6", table: "raw", chain: "PREROUTING", position: 2,
                text: text, dropper: dropper), show: ["ip6tables", "-t", "raw", "-S"])
    }

    static let cases: [Case] = [
        nft("nft, narrowed", "fib saddr . iif oif missing drop", "fib saddr . iif oif missing drop"),
        nft(
            "nft, narrowed beside other conditions",
            "meta nfproto ipv6 fib saddr . mark . iif oif missing counter drop",
            "meta nfproto ipv6 fib saddr . mark . iif oif missing counter drop"),
        nft(
            "nft, let pass", "fib saddr . iif oif exists accept comment \"it; {\"",
            "fib saddr . iif oif exists accept comment \"it; {\"", dropper: .policy),
        ip6tables("ip6tables, narrowed", "-s 2001:db8::/32 -m rpfilter --invert -j DROP"),
        ip6tables("ip6tables, of this interface alone", "-i a0 -m rpfilter --invert -j DROP"),
        ip6tables("ip6tables, for a pattern", "-i a+ -m rpfilter --invert -j DROP"),
        ip6tables("ip6tables, let pass", "-m rpfilter -j RETURN", dropper: .policy),
    ]

    private func run(_ words: FilterCommands.Words, in namespace: Namespace) throws -> String {
        let words = words.map { String(decoding: $0, as: UTF8.self) }
        return try namespace.run(words)
    }

    private func holds(_ step: FilterCommands.Step, in namespace: Namespace) throws -> Bool? {
        try step.probe.map { probe in
            let words = probe.command.map { String(decoding: $0, as: UTF8.self) }
            let output = try namespace.enter { try Lab.run(words) }
            return output.succeeded && probe.holds(for: Array(output.standardOutput.utf8))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root: namespaces"), arguments: cases)
    func `a rule is changed for one interface and restored byte for byte`(_ example: Case) throws {
        for requirement in [Requirement.fibOfBoth, .rpfilterMatch(of: "ip6tables")] {
            if case .absent(let proof) = try requirement.probe() { try Test.cancel("\(proof)") }
        }
        let namespace = try Namespace("filters")
        try namespace.run(["sh", "-ec", "ip link add a0 type veth peer name a1\n" + example.setup])
        let link = Link(index: 7, name: "a0", kind: "veth")
        let exemption = try #require(FilterExemption(of: example.rule, for: link))
        let commands = try #require(exemption.commands(for: link))
        let before = try namespace.run(example.show)

        #expect(try holds(commands.apply, in: namespace) == true)
        if commands.revert.probe != nil { #expect(try holds(commands.revert, in: namespace) == false) }
        _ = try run(commands.apply.command, in: namespace)
        let during = try namespace.run(example.show)
        #expect(during != before)
        // The same once more would change a rule that is another one by now.
        #expect(try holds(commands.apply, in: namespace) == false)
        #expect(try holds(commands.revert, in: namespace) != false)
        _ = try run(commands.revert.command, in: namespace)
        #expect(try namespace.run(example.show) == before)
    }

    @Test func aProbeWantsTheWholeLine() {
        let line = Array("drop # handle 2".utf8)
        let probe = FilterCommands.Probe(command: [], line: line, isOnlyLine: false)
        #expect(probe.holds(for: Array("table t {\n\t\tdrop # handle 2\n}\n".utf8)))
        #expect(!probe.holds(for: Array("\t\tdrop # handle 20\n".utf8)))
        #expect(!probe.holds(for: []))
        let only = FilterCommands.Probe(command: [], line: line, isOnlyLine: true)
        #expect(only.holds(for: Array("drop # handle 2\n".utf8)))
        #expect(!only.holds(for: Array("a\ndrop # handle 2\n".utf8)))
    }
}
