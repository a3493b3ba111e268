// SPDX-License-Identifier: Apache-2.0
package import Lab

/// IP in IP, as load balancers use it: the inner packet is checked on the tunnel's device, whatever carried it.
package enum Tunnels {
    private static let inner = IPv4Packet.udp(from: asymmetric, to: virtualAddress)

    package static let scenarios: [Scenario] = [
        Scenario(
            "LVS-TUN: the service address is on the tunnel's device, the client is routed through the NIC",
            requires: [.linkType("ipip", "local 192.0.2.1")],
            setup: ipip + [.ip("address add \(virtualAddress)/32 dev ipip0"), .rpFilter("ipip0", 1)],
            traffic: .packets(.ipip(inner, from: neighbor, to: hostOnA)).carrying(inner),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "ipip0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("ipip0"))),
            remedy: [.rpFilter("ipip0", 2)]),

        Scenario(
            "LVS-TUN with the service address on lo: the tunnel's device has none, and loose mode drops too",
            requires: [.linkType("ipip", "local 192.0.2.1")],
            setup: ipip + [.virtualAddressOnLoopback, .rpFilter("ipip0", 2)],
            traffic: .packets(.ipip(inner, from: neighbor, to: hostOnA)).carrying(inner),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "no_address", on: "ipip0", factors: ["unnumbered_interface", "decapsulated"],
                    sysctl: (all: 0, interface: 2), reverse: .unicast("b0", via: server),
                    fix: ExpectedFix("interface_address"))),
            remedy: [.ip("address add \(virtualAddress)/32 dev ipip0")]),

        Scenario(
            "GRE: the inner packet is checked on the tunnel's device",
            requires: [.linkType("gre", "local 192.0.2.1")],
            setup: [
                .ip("link add name gre7 type gre local \(hostOnA) remote \(neighbor)"),
                .ip("address add 203.0.113.129/26 dev gre7"), .ip("link set gre7 up"), .virtualAddressOnLoopback,
                .rpFilter("gre7", 1),
            ],
            traffic: .packets(.gre(inner, from: neighbor, to: hostOnA)).carrying(inner),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "gre7", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("gre7"))),
            remedy: [.rpFilter("gre7", 2)]),
    ]

    /// Unpacks what any balancer sends to the host's address, as `tunl0` does.
    private static let ipip: [Step] = [
        .ip("link add name ipip0 type ipip local \(hostOnA)"), .ip("link set ipip0 up"),
    ]
}
