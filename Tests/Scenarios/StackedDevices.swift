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

        Scenario(
            "a member of a VRF decides, by the VRF's own table",
            requires: [.linkType("vrf", "table 10")],
            setup: [
                .ip("link add name vrf0 type vrf table 10"), .ip("link set vrf0 up"), .ip("link set a0 master vrf0"),
                .ip("link set b0 master vrf0"), .ip("route add 203.0.113.0/25 via \(server) dev b0 table 10"),
                .ip("address add \(virtualAddress)/32 dev vrf0"), .sysctl("udp_l3mdev_accept", 1),
                .rpFilter("vrf0", 2), .rpFilter("a0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["policy_rule", "vrf"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server, table: 10, rule: 1_000), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "a VLAN's interface decides, not its parent",
            requires: [.linkType("vlan", link: "link probe0", "id 100")],
            setup: [
                .ip("link add link a0 name eth0.100 type vlan id 100"), .ip("link set eth0.100 up"),
                .ip("link add link a1 name e1 type vlan id 100", at: .client), .ip("link set e1 up", at: .client),
                .ip("address add 203.0.113.129/26 dev eth0.100"), .virtualAddressOnLoopback, .rpFilter("eth0.100", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).entering(from: "e1", to: "a0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "eth0.100", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("eth0.100"))),
            remedy: [.rpFilter("eth0.100", 2)]),

        Scenario(
            "a macvlan's interface decides, not its parent",
            requires: [.linkType("macvlan", link: "link probe0")],
            setup: [
                .ip("link add link a0 name e0 address \(Testbed.ethernetText("e0")) type macvlan mode bridge"),
                .ip("address add 203.0.113.129/26 dev e0"), .ip("link set e0 up"), .virtualAddressOnLoopback,
                .rpFilter("a0", 2), .rpFilter("e0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).entering(to: "e0"),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),

        Scenario(
            "a bond decides, not its members",
            requires: [.linkType("bond")],
            setup: [
                .ip("link add name bond0 type bond mode active-backup miimon 10"), .ip("address flush dev a0"),
                .ip("link set a0 down"), .ip("link set a0 master bond0"), .ip("link set bond0 up"),
                .ip("address add \(hostOnA)/24 dev bond0"), .virtualAddressOnLoopback, .rpFilter("a0", 2),
                .rpFilter("bond0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "bond0", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("bond0"))),
            remedy: [.rpFilter("bond0", 2)]),

        Scenario(
            "LVS-DR with the service address on a dummy interface",
            requires: [.linkType("dummy")],
            setup: [
                .ip("link add name dummy0 type dummy"), .ip("link set dummy0 up"),
                .ip("address add \(virtualAddress)/32 dev dummy0"), .rpFilter("a0", 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),
    ]
}
