// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Packets that are not for the host itself.
package enum Forwarding {
    package static let scenarios: [Scenario] = [
        Scenario(
            "a forwarded packet whose sender is routed through the other NIC",
            setup: [.forwarding, .rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: server)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", path: "forward", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "a rule with iif of the output interface matches when forwarding",
            setup: [
                .forwarding, .rpFilter("a0", 1), .ip("route add \(asymmetric) via \(neighbor) dev a0 table 100"),
                .ip("rule add iif b0 lookup 100"),
            ],
            traffic: .packets(.udp(from: asymmetric, to: server)),
            expect: .accepted),

        Scenario(
            "DNAT to a container: the check sees the container's address as destination",
            requires: [.tool("nft")],
            setup: container + [.forwarding, .rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA, port: 8_080))
                .carrying(.udp(from: asymmetric, to: "203.0.113.194", port: 80)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["dnat"], path: "forward", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "neither addressed to the host nor forwarded: the check is never reached",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: server)),
            acceptedCount: 0,
            expect: .accepted),
    ]

    /// A container behind `c0` whose port 80 is published on the host's port 8080. It has no way back out, so that its
    /// answers are not counted as forwarded.
    private static let container: [Step] = [
        .ip(
            """
            link add name c0 address \(Testbed.ethernetText("c0")) type veth \
            peer name c1 address \(Testbed.ethernetText("c1")) netns @container
            """),
        .ip("address add 203.0.113.193/26 dev c0"), .ip("link set c0 up"),
        .ip("address add 203.0.113.194/26 dev c1", at: .container), .ip("link set c1 up", at: .container),
        .nft(
            """
            add table ip nat
            add chain ip nat arrival { type nat hook prerouting priority dstnat; }
            add rule ip nat arrival udp dport 8080 dnat to 203.0.113.194:80
            """),
    ]
}
