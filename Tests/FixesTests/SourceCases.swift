// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Routing

extension AdviceCase {
    private static let a0 = Lab.a0

    /// Sources that are this host's own, or nobody's.
    static let sourceCases: [Self] = [
        Self(
            "an own address as source",
            Problem(.localSource, [.spoofSuspected], of: packet(from: Lab.own, to: Lab.local), in: Lab()),
            .none, predicted: .drop,
            rejected: [("rp_filter off", "the type of the source address is tested before the mode")],
            says: ["198.51.100.1 is this host's own address, on b0", "The station 02:00:00:00:00:a1 sends with it"]),
        Self(
            "an own address as source, under strict mode",
            Problem(
                .localSource, of: packet(from: Lab.own, to: Lab.local), in: host { $0[a0].rpFilter = 1 }),
            .none, predicted: .drop,
            rejected: [("accept own addresses: a0.accept_local=1", "strict mode then drops the packet")]),
        Self(
            "a service address on lo as source",
            Problem(
                .localSource, of: packet(from: serviceAddress, to: Lab.local),
                in: host { $0.serviceAddressOnLoopback() }),
            .removeLocalAddress, ["ip addr del 203.0.113.250/32 dev lo"],
            revert: ["ip addr add 203.0.113.250/32 dev lo"], alternatives: [.acceptLocal],
            says: ["This host no longer answers for 203.0.113.250"]),
        Self(
            "another station on the wire has the interface's address",
            Problem(.localSource, of: packet(from: Lab.local, to: Lab.own), in: Lab()),
            .removeLocalAddress, ["ip addr del 192.0.2.1/24 dev a0"], revert: ["ip addr add 192.0.2.1/24 dev a0"],
            alternatives: [.acceptLocal], says: ["the station 02:00:00:00:00:a1 on a0 sends with it"]),
        Self(
            "the host's own frames come back",
            Problem(
                .localSource, of: packet(from: serviceAddress, to: Lab.local),
                in: host {
                    $0.serviceAddressOnLoopback()
                    $0.facts.links[2].macAddress = client
                }),
            .none, predicted: .drop, says: ["sent back to it: look for a loop"]),
        Self(
            "the host talks to itself over the wire on purpose",
            Problem(
                .localSource, of: packet(from: Lab.own, to: Lab.local),
                in: host {
                    $0.facts.links[2].macAddress = client
                    $0.facts.rules[0].priority = 100
                    $0.rule(.lookup(table: 10), priority: 10) { $0.inputInterface = "lo" }
                }),
            .acceptLocal, ["sysctl -w net.ipv4.conf.a0.accept_local=1"],
            revert: ["sysctl -w net.ipv4.conf.a0.accept_local=0"],
            says: ["Anybody on a0 can then send with one of this host's own addresses"]),
        Self(
            "127/8 on the wire",
            Problem(.localnet, of: packet(from: .loopback, to: Lab.local), in: Lab()),
            .none, predicted: .drop, rejected: [("rp_filter off", "127.0.0.0/8 is refused before rp_filter")]),
        Self(
            "a broadcast address as source",
            Problem(
                .invalidSource, of: packet(from: address("198.51.100.255"), to: Lab.local),
                in: host { $0[a0].rpFilter = 1 }),
            .none, predicted: .drop,
            rejected: [("rp_filter off", "only as long as no rule and no local route was ever added")],
            says: ["198.51.100.255 is a broadcast address", "Look for the sender, 02:00:00:00:00:a1"]),
        Self(
            "in which way rp_filter dropped is not known",
            Problem(nil, of: packet(from: Lab.asymmetric, to: Lab.local), in: Lab()),
            .none, predicted: .unknown),
        Self(
            "the packets would be accepted by now",
            Problem(.wrongInterface, of: packet(from: Lab.asymmetric, to: Lab.local), in: Lab()),
            .none, predicted: .unknown, says: ["Something changed since the drops"]),
    ]

    private static let toHost = packet(from: Lab.asymmetric, to: Lab.local)

    private static func filtered(
        _ tool: FilterRule.Tool, _ chain: String, handle: UInt64? = nil, position: Int = 1, _ text: String,
        mode: Int32 = 0
    ) -> Problem {
        var problem = Problem(.netfilter, of: toHost, in: host { $0[a0].rpFilter = mode })
        let table = chain.split(separator: " ")
        problem.filterRule = FilterRule(
            tool: tool, family: "ip", table: String(table[0]), chain: String(table[1]), handle: handle,
            position: position,
            text: text)
        return problem
    }

    /// The words that look whether the number still means this rule.
    private static func list(_ text: String) -> String {
        "nft -a -t -s list chain ip guard arrival | grep -qF -- '\(text) # handle 7' && "
    }

    private static let iptables = FilterRule.Tool.iptables(command: "iptables")

    /// A packet filter's own check of the reverse path.
    static let filterCases: [Self] = [
        Self(
            "nft fib",
            filtered(.nft, "guard arrival", handle: 7, "fib saddr . iif oif missing drop comment \"it's\""),
            .netfilterRule,
            [
                list("fib saddr . iif oif missing drop comment \"it'\\''s\"")
                    + "nft 'replace rule ip guard arrival handle 7 iifname != \"a0\" fib saddr . iif oif missing drop"
                    + " comment \"it'\\''s\"'"
            ],
            revert: [
                list("iifname != \"a0\" fib saddr . iif oif missing drop comment \"it'\\''s\"")
                    + "nft 'replace rule ip guard arrival handle 7 fib saddr . iif oif missing drop comment"
                    + " \"it'\\''s\"'"
            ],
            rejected: [("rp_filter off", "does not look at this sysctl")]),
        Self(
            "nft fib, and the kernel's own check is strict",
            filtered(.nft, "guard arrival", handle: 7, "fib saddr . iif oif missing drop", mode: 1),
            .netfilterRule,
            [
                list("fib saddr . iif oif missing drop")
                    + "nft 'replace rule ip guard arrival handle 7 iifname != \"a0\" fib saddr . iif oif missing drop'",
                "sysctl -w net.ipv4.conf.a0.rp_filter=2",
            ],
            revert: [
                "sysctl -w net.ipv4.conf.a0.rp_filter=1",
                list("iifname != \"a0\" fib saddr . iif oif missing drop")
                    + "nft 'replace rule ip guard arrival handle 7 fib saddr . iif oif missing drop'",
            ],
            widens: ["a0 1>2"], says: ["would refuse these packets next"]),
        Self(
            "iptables rpfilter",
            filtered(iptables, "raw PREROUTING", "-s 203.0.113.0/24 -m rpfilter --invert -j DROP"),
            .netfilterRule,
            [
                "[ \"$(iptables -t raw -S PREROUTING 1)\" = '-A PREROUTING -s 203.0.113.0/24 -m rpfilter --invert -j"
                    + " DROP' ] && iptables -t raw -R PREROUTING 1 ! -i a0 -s 203.0.113.0/24 -m rpfilter --invert -j"
                    + " DROP"
            ],
            revert: [
                "[ \"$(iptables -t raw -S PREROUTING 1)\" = '-A PREROUTING -s 203.0.113.0/24 ! -i a0 -m rpfilter"
                    + " --invert -j DROP' ] && iptables -t raw -R PREROUTING 1 -s 203.0.113.0/24 -m rpfilter --invert"
                    + " -j DROP"
            ]),
        Self(
            "iptables rpfilter for this interface alone",
            filtered(iptables, "raw PREROUTING", position: 3, "-i a0 -m rpfilter --invert -j DROP"),
            .netfilterRule,
            [
                "[ \"$(iptables -t raw -S PREROUTING 3)\" = '-A PREROUTING -i a0 -m rpfilter --invert -j DROP' ] &&"
                    + " iptables -t raw -D PREROUTING 3"
            ],
            revert: ["iptables -t raw -I PREROUTING 3 -i a0 -m rpfilter --invert -j DROP"],
            says: ["The rule is for a0 alone"]),
        Self(
            "iptables rpfilter for a pattern of interfaces",
            filtered(iptables, "raw PREROUTING", "-i a+ -m rpfilter --invert -j DROP"),
            .netfilterRule,
            [
                "[ \"$(iptables -t raw -S PREROUTING 1)\" = '-A PREROUTING -i a+ -m rpfilter --invert -j DROP' ] &&"
                    + " iptables -t raw -I PREROUTING 1 -i a0 -j RETURN"
            ],
            revert: ["iptables -t raw -D PREROUTING -i a0 -j RETURN"], says: ["also skip what follows in that chain"]),
        Self(
            "iptables rpfilter that lets pass, before a rule that drops",
            {
                var problem = filtered(
                    iptables, "mangle nixos-fw-rpfilter", "-m rpfilter --validmark -j RETURN")
                problem.filterRule?.dropper = .rule(position: 2, text: "-j DROP")
                return problem
            }(),
            .netfilterRule,
            [
                "[ \"$(iptables -t mangle -S nixos-fw-rpfilter 1)\" = '-A nixos-fw-rpfilter -m rpfilter --validmark -j"
                    + " RETURN' ] && iptables -t mangle -I nixos-fw-rpfilter 1 -i a0 -j RETURN"
            ],
            revert: ["iptables -t mangle -D nixos-fw-rpfilter -i a0 -j RETURN"],
            says: ["networking.firewall.checkReversePath"]),
        Self(
            "nft fib that lets pass, before a policy that drops",
            {
                var problem = filtered(
                    .nft, "guard arrival", handle: 7, "fib saddr . mark . iif oif exists accept")
                problem.filterRule?.dropper = .policy
                return problem
            }(),
            .netfilterRule,
            [
                list("fib saddr . mark . iif oif exists accept")
                    + "nft 'replace rule ip guard arrival handle 7 jump { iifname \"a0\" accept; fib saddr . mark . iif"
                    + " oif exists accept; }'"
            ],
            revert: [
                list("}")
                    + "nft 'replace rule ip guard arrival handle 7 fib saddr . mark . iif oif exists accept'"
            ]),
        Self(
            "an IPv6 packet, under strict mode of IPv4",
            {
                var problem = filtered(
                    .iptables(command: "ip6tables"), "raw PREROUTING", "-m rpfilter --invert -j DROP", mode: 1)
                problem.filterRule?.family = "ip6"
                problem.packets[0].ipv6 = Packet.IPv6Addresses(
                    source: IPv6Address(high: 0x2001_0DB8 << 32, low: 1), destination: .unspecified)
                return problem
            }(),
            .netfilterRule,
            [
                "[ \"$(ip6tables -t raw -S PREROUTING 1)\" = '-A PREROUTING -m rpfilter --invert -j DROP' ] &&"
                    + " ip6tables -t raw -R PREROUTING 1 ! -i a0 -m rpfilter --invert -j DROP"
            ],
            revert: [
                "[ \"$(ip6tables -t raw -S PREROUTING 1)\" = '-A PREROUTING ! -i a0 -m rpfilter --invert -j DROP' ] &&"
                    + " ip6tables -t raw -R PREROUTING 1 -m rpfilter --invert -j DROP"
            ],
            rejected: [("rp_filter off for IPv6", "There is no such key")],
            says: ["there is no rp_filter sysctl for IPv6", "Nothing checks the sources of IPv6 packets on a0"]),
        Self(
            "a table that only its owner may change",
            {
                var problem = filtered(
                    .nft, "firewalld filter_PREROUTING", handle: 7, "fib saddr . iif oif missing drop")
                problem.filterRule?.isLocked = true
                return problem
            }(),
            .none, predicted: .drop, says: ["only the program that owns its table", "IPv6_rpfilter="]),
        Self(
            "a comment that would end the command",
            filtered(
                .nft, "guard arrival", handle: 7, "fib saddr . iif oif missing drop comment \"a\"; flush ruleset\""),
            .none, predicted: .drop, says: ["cannot be changed for a0 alone"]),
        Self(
            "any of two rules may have dropped",
            {
                var problem = Problem(.netfilter, of: toHost, in: Lab())
                problem.filterSuspects = ["one", "two"].map { chain in
                    FilterRule(
                        tool: .nft, family: "inet", table: "guard", chain: chain, handle: 4, position: 3, text: "drop")
                }
                return problem
            }(),
            .none, predicted: .drop,
            says: [
                "any of rule 3 of chain inet guard one of nftables and rule 3 of chain inet guard two of nftables may",
                "`nft monitor trace`",
            ]),
        Self(
            "which rule dropped is not known",
            Problem(.netfilter, of: toHost, in: Lab()),
            .none, predicted: .drop, says: ["which one could not be told"]),
    ]
}
