// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Several routes to the source, one of them through the ingress interface.
package enum CompetingRoutes {
    package static let scenarios: [Scenario] = [
        Scenario(
            "a default route with a worse metric through the ingress interface does not help",
            setup: [
                .rpFilter("a0", 1), .virtualAddressOnLoopback,
                .ip("route add default via \(server) dev b0 metric 100"),
                .ip("route add default via \(neighbor) dev a0 metric 200"),
            ],
            traffic: .packets(.udp(from: unrouted, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["worse_metric_route"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose(),
                    alternatives: ["policy_rule"])),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "a less specific route through the ingress interface does not help",
            setup: [
                .rpFilter("a0", 1), .virtualAddressOnLoopback, .ip("route add default via \(neighbor) dev a0"),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["less_specific_route"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "the chosen route's device has no carrier, and strict mode drops all the same",
            setup: [
                .rpFilter("a0", 1), .virtualAddressOnLoopback,
                .ip("route add default via \(server) dev b0 metric 100"),
                .ip("route add default via \(neighbor) dev a0 metric 200"), .ip("link set b1 down", at: .server),
            ],
            traffic: .packets(.udp(from: unrouted, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["worse_metric_route", "nexthop_down", "reply_path_broken"],
                    sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("policy_rule"))),
            remedy: [.sysctl("conf/b0/ignore_routes_with_linkdown", 1)]),

        Scenario(
            "an ECMP route that includes the ingress interface is accepted",
            setup: [
                .rpFilter("a0", 1),
                .ip("route add 203.0.113.128/25 nexthop via \(server) dev b0 nexthop via \(neighbor) dev a0"),
            ],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .accepted),

        Scenario(
            "two NICs in one subnet: the first one's connected route answers for both",
            setup: secondInterfaceInSubnet + [.rpFilter("c0", 1)],
            traffic: .packets(.udp(from: neighbor, to: "192.0.2.3")).entering(from: "c1", to: "c0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "c0", factors: ["same_subnet_interfaces"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("a0"), fix: .interfaceLoose("c0"))),
            remedy: [.rpFilter("c0", 2)]),

        Scenario(
            "macvlan beside its parent: the parent's connected route answers",
            requires: [.linkType("macvlan", link: "link probe0")],
            setup: [
                .ip("link add link a0 name d0 address \(Testbed.ethernetText("d0")) type macvlan mode bridge"),
                .ip("address add 192.0.2.4/24 dev d0"), .ip("link set d0 up"), .rpFilter("d0", 1),
            ],
            traffic: .packets(.udp(from: neighbor, to: "192.0.2.4")).entering(to: "d0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "d0", factors: ["same_subnet_interfaces"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("a0"), fix: .interfaceLoose("d0"))),
            remedy: [.rpFilter("d0", 2)]),

        Scenario(
            "a blackhole route of the main table ends the lookup: the default table is not asked",
            setup: [
                .rpFilter("a0", 2), .ip("route add blackhole \(unrouted)"),
                .ip("route add default via \(neighbor) dev a0 table default"),
            ],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_route", factors: ["secondary_table_only", "blackhole_route", "reply_path_broken"],
                    sysctl: (all: 0, interface: 2), reverse: .blackhole(), certainty: "observed", fix: .none)),
            remedy: [.ip("route delete blackhole \(unrouted)")]),

        Scenario(
            "a throw route of the main table leads on to the default table",
            setup: [
                .rpFilter("a0", 1), .ip("route add throw \(unrouted)"),
                .ip("route add default via \(neighbor) dev a0 table default"),
            ],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .accepted),
    ]

    /// `c0` of the host and `c1` of the client, in the same subnet as `a0` and `a1`.
    private static let secondInterfaceInSubnet: [Step] = [
        .ip(
            """
            link add name c0 address \(Testbed.ethernetText("c0")) type veth \
            peer name c1 address \(Testbed.ethernetText("c1")) netns @client
            """),
        .ip("address add 192.0.2.3/24 dev c0"), .ip("link set c0 up"), .ip("link set c1 up", at: .client),
    ]
}
