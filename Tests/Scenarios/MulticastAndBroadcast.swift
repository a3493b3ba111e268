// SPDX-License-Identifier: Apache-2.0
package import Lab

/// The check without a destination: `from` rules cannot match, and the kernel's other counters stay silent.
package enum MulticastAndBroadcast {
    private static let group = "233.252.0.1"

    package static let scenarios: [Scenario] = [
        Scenario(
            "a joined multicast group whose sender is routed through the other NIC",
            setup: [.join(group, on: "a0"), .rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: group)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", path: "multicast", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "an IGMP report of a sender that is routed through the other NIC",
            setup: [.join(group, on: "a0"), .rpFilter("a0", 1)],
            traffic: .packets(.igmpReport(from: asymmetric, group: group)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", path: "multicast", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "a limited broadcast of a sender that is routed through the other NIC",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: "255.255.255.255")),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", path: "broadcast", sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "DHCP: a limited broadcast from 0.0.0.0 is never checked",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: "0.0.0.0", to: "255.255.255.255", sourcePort: 68, port: 67)),
            expect: .accepted),
    ]
}
