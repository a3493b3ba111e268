// SPDX-License-Identifier: Apache-2.0
package import Lab

/// IPVS: a director sends a client's packets on to the host, which answers the client by another way.
package enum LoadBalancers {
    private static let request = Traffic.packets(.udp(from: asymmetric, to: virtualAddress))
        .entering(from: "c0", to: "c1", at: .container)

    package static let scenarios: [Scenario] = [
        directRouting("lo", requires: [], [.virtualAddressOnLoopback]),
        directRouting(
            "a dummy interface", requires: [.linkType("dummy")],
            [
                .ip("link add name dummy0 type dummy"), .ip("link set dummy0 up"),
                .ip("address add \(virtualAddress)/32 dev dummy0"),
            ]),

        Scenario(
            "IPVS tunnelling to tunl0 with the service address",
            requires: [.virtualServer, .linkType("ipip", "local 192.0.2.1")],
            setup: director("-i") + [
                .tunl0, .ip("address add \(virtualAddress)/32 dev tunl0"), .rpFilter("a0", 1), .rpFilter("tunl0", 1),
            ],
            traffic: request,
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "tunl0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("tunl0"))),
            remedy: [.rpFilter("tunl0", 2)]),

        Scenario(
            "IPVS tunnelling to tunl0 without an address: loose mode drops too",
            requires: [.virtualServer, .linkType("ipip", "local 192.0.2.1")],
            setup: director("-i") + [.tunl0, .virtualAddressOnLoopback, .rpFilter("tunl0", 2)],
            traffic: request,
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "no_address", on: "tunl0", factors: ["unnumbered_interface", "decapsulated"],
                    sysctl: (all: 0, interface: 2), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("interface_address"))),
            remedy: [.ip("address add \(virtualAddress)/32 dev tunl0")]),
    ]

    private static func directRouting(
        _ place: String, requires requirements: [Requirement], _ service: [Step]
    ) -> Scenario {
        Scenario(
            "IPVS direct routing with the service address on \(place)",
            requires: [.virtualServer] + requirements,
            setup: director("-g") + service + [.rpFilter("a0", 1)],
            traffic: request,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)])
    }

    /// The client's namespace balances for those who come in by its `c1`; the host is its only real server.
    private static func director(_ forwarding: String) -> [Step] {
        [
            .ip(
                """
                link add name c1 address \(Testbed.ethernetText("c1")) type veth \
                peer name c0 address \(Testbed.ethernetText("c0")) netns @container
                """, at: .client),
            .ip("link set c0 up", at: .container), .ip("link set c1 up", at: .client),
            .ip("route add 203.0.113.0/25 dev c1", at: .client),
            .ip("address add \(virtualAddress)/32 dev lo", at: .client), .sysctl("ip_forward", 1, at: .client),
            .command("ipvsadm -A -u \(virtualAddress):9 -s rr", at: .client),
            .command("ipvsadm -a -u \(virtualAddress):9 -r \(hostOnA):9 \(forwarding)", at: .client),
        ]
    }
}

extension Step {
    /// What takes IP in IP from anywhere to any address: a namespace has it already, or has not.
    fileprivate static let tunl0 = Self.shell(
        "[ -e /proc/sys/net/ipv4/conf/tunl0 ] || ip link add name tunl0 type ipip; ip link set tunl0 up")
}
