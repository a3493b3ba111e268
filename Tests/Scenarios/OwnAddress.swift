// SPDX-License-Identifier: Apache-2.0
package import Lab

/// The source is one of the host's own addresses, which is not rp_filter's business until accept_local makes it so.
package enum OwnAddress {
    package static let scenarios: [Scenario] = [
        Scenario(
            "an own address as source with rp_filter 0",
            setup: [],
            traffic: .packets(.udp(from: hostOnB, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "local_source", factors: ["spoof_suspected"], sysctl: (all: 0, interface: 0),
                    certainty: "observed", fix: .none)),
            remedy: [.sysctl("conf/a0/accept_local", 1)]),

        Scenario(
            "a service address on lo as source: another host has the same one",
            setup: [.virtualAddressOnLoopback],
            traffic: .packets(.udp(from: virtualAddress, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "local_source", sysctl: (all: 0, interface: 0), certainty: "observed",
                    fix: ExpectedFix("remove_local_address"))),
            remedy: [.ip("address delete \(virtualAddress)/32 dev lo")]),

        Scenario(
            "an own address as source under strict mode is refused as local, not by rp_filter",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: hostOnB, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "local_source", factors: ["spoof_suspected"], sysctl: (all: 0, interface: 1),
                    reverse: .local("b0"), certainty: "observed", fix: .none)),
            remedy: [.rpFilter("a0", 2), .sysctl("conf/a0/accept_local", 1)]),

        Scenario(
            "accept_local under strict mode: now rp_filter drops it",
            setup: [.rpFilter("a0", 1), .sysctl("conf/a0/accept_local", 1)],
            traffic: .packets(.udp(from: hostOnB, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", factors: ["spoof_suspected"], sysctl: (all: 0, interface: 1),
                    reverse: .local("b0"), fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),
    ]
}
