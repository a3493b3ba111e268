// SPDX-License-Identifier: Apache-2.0
package import Lab

/// An ingress interface without an IPv4 address.
package enum Unnumbered {
    package static let scenarios: [Scenario] = [
        Scenario(
            "loose mode drops on an unnumbered interface",
            setup: Step.unnumbered + [.rpFilter("a0", 2)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_address", factors: ["unnumbered_interface"], sysctl: (all: 0, interface: 2),
                    reverse: .unicast("b0", via: server), fix: ExpectedFix("interface_address"))),
            remedy: [.ip("address add \(hostOnA)/32 dev a0")]),

        Scenario(
            "strict mode on an unnumbered interface needs both an address and loose mode",
            setup: Step.unnumbered + [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_address", factors: ["unnumbered_interface"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: ExpectedFix("interface_address", widens: ["a0": 2]))),
            remedy: [.ip("address add \(hostOnA)/32 dev a0"), .rpFilter("a0", 2)]),

        Scenario(
            "strict mode on an unnumbered interface accepts what is routed through it",
            setup: Step.unnumbered + [.rpFilter("a0", 1), .ip("route add 203.0.113.128/25 dev a0")],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .accepted),
    ]
}
