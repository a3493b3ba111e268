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
            "NixOS' chain for iptables: what passes returns, and the rest is dropped",
            requires: [.rpfilterMatch],
            setup: [
                .shell(
                    """
                    iptables -t mangle -N nixos-fw-rpfilter
                    iptables -t mangle -A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
                    iptables -t mangle -A nixos-fw-rpfilter -p udp --sport 67 --dport 68 -j RETURN
                    iptables -t mangle -A nixos-fw-rpfilter -j DROP
                    iptables -t mangle -A PREROUTING -j nixos-fw-rpfilter
                    """)
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)), expect: .dropped(exempted),
            remedy: [.command("iptables -t mangle -I nixos-fw-rpfilter -i a0 -j RETURN")]),

        Scenario(
            "NixOS' chain for nftables: what passes is accepted, and the policy drops the rest",
            requires: [.fibOfBoth],
            setup: [
                .nft(
                    """
                    table inet nixos-fw {
                        chain rpfilter {
                            type filter hook prerouting priority mangle + 10; policy drop;
                            meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4"
                            fib saddr . mark . iif oif exists accept
                            jump rpfilter-allow
                        }
                        chain rpfilter-allow {
                        }
                    }
                    """)
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)), expect: .dropped(exempted),
            remedy: [.nft("add rule inet nixos-fw rpfilter-allow iifname \"a0\" accept")]),

        Scenario(
            "Calico's chain: only what its marks name is checked",
            requires: [.rpfilterMatch],
            setup: [
                .shell(
                    """
                    iptables -t raw -N cali-PREROUTING
                    iptables -t raw -N cali-rpf-skip
                    iptables -t raw -A PREROUTING -m comment --comment cali:6gwbT8clXdHdC1b1 -j cali-PREROUTING
                    iptables -t raw -A cali-PREROUTING -j MARK --set-xmark 0x0/0xf0000
                    iptables -t raw -A cali-PREROUTING -i a+ -j MARK --set-xmark 0x40000/0x40000
                    iptables -t raw -A cali-PREROUTING -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
                    iptables -t raw -A cali-PREROUTING -m comment --comment cali:fSSbGND7dgyemWU7 \
                        -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
                    """)
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)), expect: .dropped(exempted),
            remedy: [.command("iptables -t raw -A cali-rpf-skip -i a0 -j ACCEPT")]),

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

    private static let exempted = ExpectedDrop(
        "netfilter", sysctl: (all: 0, interface: 0), certainty: "observed", fix: ExpectedFix("netfilter_rule"))

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
