// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Which policy rules the reverse lookup of a local delivery matches: those by `from`, and by `iif lo`.
package enum PolicyRules {
    static let routeInTable100 = Step.ip("route add default via \(neighbor) dev a0 table 100")

    package static let scenarios: [Scenario] = [
        Scenario(
            "ip rule from the host's address: the reverse lookup matches it",
            setup: [.rpFilter("a0", 1), routeInTable100, .ip("rule add from \(hostOnA) lookup 100")],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .accepted),

        Scenario(
            "ip rule iif lo: the reverse lookup of a local delivery matches it",
            setup: [.rpFilter("a0", 1), routeInTable100, .ip("rule add iif lo lookup 100")],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .accepted),

        Scenario(
            "ip rule iif with the ingress interface: the reverse lookup never matches it",
            setup: [.rpFilter("a0", 1), routeInTable100, .ip("rule add iif a0 lookup 100")],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["secondary_table_only", "reply_path_broken"],
                    sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("policy_rule"), alternatives: ["interface_loose"])),
            remedy: [.ip("rule add iif lo lookup 100")]),

        Scenario(
            "ip rule oif: the first reverse lookup never matches it",
            setup: [.rpFilter("a0", 1), routeInTable100, .ip("rule add oif a0 lookup 100")],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["secondary_table_only", "reply_path_broken"],
                    sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("policy_rule"))),
            remedy: [.ip("rule add from \(hostOnA) lookup 100")]),

        Scenario(
            "ip rule from the host's address leads the reverse lookup to the other NIC",
            setup: [
                .rpFilter("a0", 1), .virtualAddressOnLoopback, .ip("route add 203.0.113.128/25 via \(neighbor) dev a0"),
                .ip("route add default via \(server) dev b0 table 100"),
                .ip("rule add from \(virtualAddress) lookup 100 priority 1000"),
            ],
            traffic: .packets(.udp(from: unrouted, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["policy_rule", "secondary_table_only"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server, table: 100, rule: 1_000), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),
    ]
}
