// SPDX-License-Identifier: Apache-2.0
package import Lab

/// What a tunnel unpacks, or a bridge takes from its port, is checked on the upper device alone.
package enum StackedDevices {
    private static let inner = IPv4Packet.udp(from: asymmetric, to: virtualAddress)

    package static let scenarios: [Scenario] = [
        Scenario(
            "a TUN device unpacks a packet whose sender is routed through the NIC",
            requires: [.tun],
            setup: [
                .tun("tun0"), .ip("address add 203.0.113.129/26 dev tun0"), .ip("link set tun0 up"),
                .virtualAddressOnLoopback, .rpFilter("tun0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).unpacked(by: "tun0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "tun0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("tun0"))),
            remedy: [.rpFilter("tun0", 2)]),

        Scenario(
            "a TUN device without an address, as tunl0 often is: loose mode drops too",
            requires: [.tun],
            setup: [
                .tun("tun0"), .ip("link set tun0 up"), .virtualAddressOnLoopback, .rpFilter("tun0", 2),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).unpacked(by: "tun0"),
            expect: .dropped(
                ExpectedDrop(
                    "no_address", on: "tun0", factors: ["unnumbered_interface", "decapsulated"],
                    sysctl: (all: 0, interface: 2), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("interface_address"))),
            remedy: [.ip("address add \(virtualAddress)/32 dev tun0")]),

        Scenario(
            "VXLAN: the inner packet is checked on the tunnel's device, the outer NIC at 0 does not matter",
            requires: [.linkType("vxlan", "id 7 dstport 4789")],
            setup: [
                .ip(
                    """
                    link add name e0 address \(Testbed.ethernetText("e0")) type vxlan \
                    id 7 local \(hostOnA) dstport 4789 dev a0
                    """),
                .ip("address add 203.0.113.129/26 dev e0"), .ip("link set e0 up"), .virtualAddressOnLoopback,
                .rpFilter("e0", 1),
            ],
            traffic: .packets(
                .vxlan(inner, network: 7, to: Testbed.ethernetAddress("e0"), from: neighbor, to: hostOnA)
            ).carrying(inner),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),

        Scenario(
            "a bridge decides, not its port",
            requires: [.linkType("bridge")],
            setup: [
                .ip("link add name e0 address \(Testbed.ethernetText("a0")) type bridge"),
                .ip("address flush dev a0"), .ip("link set a0 master e0"), .ip("address add \(hostOnA)/24 dev e0"),
                .ip("link set e0 up"), .virtualAddressOnLoopback, .rpFilter("a0", 2), .rpFilter("e0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),
    ]
}
