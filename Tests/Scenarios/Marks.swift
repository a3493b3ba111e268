// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Replies routed by a firewall mark, and a reverse lookup that may or may not see the mark.
package enum Marks {
    /// Every packet that arrives on `a0` gets mark 1 before routing.
    static let markOnArrival = Step.nft(
        """
        add table ip marks
        add chain ip marks arrival { type filter hook prerouting priority mangle; }
        add rule ip marks arrival iifname "a0" meta mark set 1
        """)

    package static let scenarios: [Scenario] = [
        Scenario(
            "the route back is chosen by a mark that the reverse lookup ignores",
            requires: [.tool("nft")],
            setup: [
                .rpFilter("a0", 1), markOnArrival, .ip("route add 203.0.113.0/25 via \(neighbor) dev a0 table 100"),
                .ip("rule add fwmark 1 lookup 100"),
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["fwmark_ignored", "secondary_table_only", "reply_path_broken"],
                    sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("src_valid_mark"))),
            remedy: [.sysctl("conf/a0/src_valid_mark", 1)]),

        Scenario(
            "the interface's src_valid_mark makes the reverse lookup see the mark",
            requires: [.tool("nft")],
            setup: [
                .rpFilter("a0", 1), markOnArrival, .ip("route add 203.0.113.0/25 via \(neighbor) dev a0 table 100"),
                .ip("rule add fwmark 1 lookup 100"), .sysctl("conf/a0/src_valid_mark", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .accepted),

        Scenario(
            "the mark leads the reverse lookup away from a route that would do",
            requires: [.tool("nft")],
            setup: [
                .rpFilter("a0", 1), markOnArrival, .ip("route add 203.0.113.128/25 via \(neighbor) dev a0"),
                .ip("route add 203.0.113.128/25 via \(server) dev b0 table 100"),
                .ip("rule add fwmark 1 lookup 100 priority 1000"),
                .sysctl("conf/a0/src_valid_mark", 1),
            ],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["fwmark_misroutes", "policy_rule", "secondary_table_only"],
                    sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server, table: 100, rule: 1_000),
                    fix: ExpectedFix("src_valid_mark"))),
            remedy: [.sysctl("conf/a0/src_valid_mark", 0)]),

        Scenario(
            "TPROXY: all.src_valid_mark sends the reverse lookup to the local table",
            requires: [.tool("nft")],
            setup: [
                markOnArrival, .ip("route add local default dev lo table 100"),
                .ip("rule add fwmark 1 lookup 100 priority 1000"), .sysctl("conf/all/src_valid_mark", 1),
            ],
            traffic: .packets(.tcpSyn(from: asymmetric, to: "203.0.113.77")),
            expect: .dropped(
                ExpectedDrop(
                    "local_source", factors: ["fwmark_misroutes", "fwmark_hits_local", "policy_rule"],
                    sysctl: (all: 0, interface: 0),
                    reverse: .local("lo", table: 100, rule: 1_000), certainty: "observed",
                    fix: ExpectedFix("src_valid_mark"), alternatives: ["accept_local"])),
            remedy: [.sysctl("conf/all/src_valid_mark", 0)]),
    ]
}
