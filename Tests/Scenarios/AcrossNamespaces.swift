// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Interfaces of the host whose lower half is in another namespace, as container networks have them: neither that
/// namespace nor its interfaces are to blame.
package enum AcrossNamespaces {
    private static let inner = IPv4Packet.udp(from: asymmetric, to: virtualAddress)

    package static let scenarios: [Scenario] = [
        Scenario(
            "a macvlan whose parent is in another namespace",
            requires: [.linkType("macvlan", link: "link probe0")],
            setup: Step.outsideUplink + [
                .ip(
                    "link add link c0 name e0 address \(Testbed.ethernetText("e0")) type macvlan mode bridge",
                    at: .container),
                .ip("link set e0 netns @host", at: .container),
            ] + configured,
            traffic: .packets(inner).entering(from: "c1", to: "e0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),

        Scenario(
            "a VXLAN device whose underlay is in another namespace",
            requires: [.linkType("vxlan", "id 7 dstport 4789")],
            setup: Step.outsideUplink + [
                .ip(
                    """
                    link add name e0 address \(Testbed.ethernetText("e0")) type vxlan \
                    id 7 local \(outside) dstport 4789 dev c0
                    """, at: .container),
                .ip("link set e0 netns @host", at: .container),
            ] + configured,
            traffic: .packets(
                .vxlan(inner, network: 7, to: Testbed.ethernetAddress("e0"), from: outsideNeighbor, to: outside)
            ).carrying(inner).entering(from: "c1", to: "c0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),
    ]

    private static let configured: [Step] = [
        .ip("address add 203.0.113.129/26 dev e0"), .ip("link set e0 up"), .virtualAddressOnLoopback,
        .rpFilter("e0", 1),
    ]
}
