// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Packet filter rules that check the reverse path by themselves, whatever the sysctl says.
package enum Netfilter {
    package static let scenarios: [Scenario] = [
        Scenario(
            "nft fib saddr . iif oif missing drop",
            requires: [.fib],
            setup: [
                .nft(
                    """
                    add table ip guard
                    add chain ip guard arrival { type filter hook prerouting priority raw; }
                    add rule ip guard arrival fib saddr . iif oif missing drop
                    """)
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "netfilter", sysctl: (all: 0, interface: 0), certainty: "observed",
                    fix: ExpectedFix("netfilter_rule"))),
            remedy: [.nft("insert rule ip guard arrival iifname \"a0\" accept")]),

        rpfilterMatch(of: "iptables"), rpfilterMatch(of: "iptables-legacy"),

        Scenario(
            "an nft rule that has nothing to do with the reverse path",
            requires: [.tool("nft")],
            setup: [
                .nft(
                    """
                    add table ip guard
                    add chain ip guard arrival { type filter hook input priority filter; }
                    add rule ip guard arrival udp dport 9 drop
                    """)
            ],
            // Counted as delivered only after the hook.
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop("netfilter", sysctl: (all: 0, interface: 0), certainty: "observed", fix: .none)),
            remedy: [.command("nft delete table ip guard")]),
    ]

    /// iptables-nft translates the match into nft's own expression; iptables-legacy has a table of its own.
    private static func rpfilterMatch(of command: String) -> Scenario {
        Scenario(
            "\(command) -m rpfilter --invert -j DROP",
            requires: [.rpfilterMatch(of: command)],
            setup: [.command("\(command) -t raw -A PREROUTING -m rpfilter --invert -j DROP")],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "netfilter", sysctl: (all: 0, interface: 0), certainty: "observed",
                    fix: ExpectedFix("netfilter_rule"))),
            remedy: [.command("\(command) -t raw -I PREROUTING -i a0 -j ACCEPT")])
    }
}
