// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Strict mode and the rule that the larger of `all` and the interface counts.
package enum StrictMode {
    package static let scenarios: [Scenario] = [
        Scenario(
            "LVS-DR: the client of a service address on lo is routed through the other NIC",
            setup: [.rpFilter("a0", 1), .virtualAddressOnLoopback],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose(), rejected: ["all"])),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "two NICs: requests enter one, replies leave by the other, the gateway is known",
            setup: [.rpFilter("a0", 1), .knownClient],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["reply_path_broken"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: ExpectedFix("policy_rule"),
                    alternatives: ["interface_loose"])),
            remedy: [
                .ip("route add default via \(neighbor) dev a0 table 100"), .ip("rule add from \(hostOnA) lookup 100"),
            ]),

        Scenario(
            "two NICs: the gateway is not known, so loose mode comes first",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["reply_path_broken"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "strict by all over an interface that says 0",
            setup: [.rpFilter("all", 1), .virtualAddressOnLoopback],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["all_overrides_interface"], sysctl: (all: 1, interface: 0),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "all=1 with the interface at 2 is loose",
            setup: [.rpFilter("all", 1), .rpFilter("a0", 2)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .accepted),

        Scenario(
            "all=2 cannot be made strict by the interface",
            setup: [.rpFilter("all", 2), .rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .accepted),
    ]
}
