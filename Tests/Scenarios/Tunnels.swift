// SPDX-License-Identifier: Apache-2.0
package import Lab

/// What a tunnel unpacks is checked on the tunnel's device, whatever the outer interface allows.
package enum Tunnels {
    package static let scenarios: [Scenario] = [
        Scenario(
            "a TUN device unpacks a packet whose sender is routed through the NIC",
            requires: [.tun],
            setup: [
                .tun("tun0"), .ip("address add 203.0.113.193/26 dev tun0"), .ip("link set tun0 up"),
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
    ]
}
