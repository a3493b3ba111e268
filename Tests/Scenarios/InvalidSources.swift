// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Sources that no host may have: never rp_filter's doing, and nothing to fix here.
package enum InvalidSources {
    package static let scenarios: [Scenario] = [
        Scenario(
            "127/8 on the wire",
            setup: [],
            traffic: .packets(.udp(from: "127.0.0.9", to: hostOnA)),
            expect: .dropped(
                ExpectedDrop("localnet", sysctl: (all: 0, interface: 0), certainty: "observed", fix: .none)),
            remedy: [.sysctl("conf/a0/route_localnet", 1)]),

        Scenario(
            "a subnet's broadcast address as source under strict mode",
            setup: [.rpFilter("a0", 1)],
            traffic: .packets(.udp(from: "198.51.100.255", to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "invalid_source", factors: ["spoof_suspected"], sysctl: (all: 0, interface: 1),
                    reverse: .broadcast("b0"), certainty: "observed", fix: .none)),
            remedy: [.rpFilter("a0", 0)]),

        Scenario(
            "a multicast address as source",
            setup: [],
            traffic: .packets(.udp(from: "233.252.0.9", to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "invalid_source", sysctl: (all: 0, interface: 0),
                    certainty: "observed", fix: .none))),
    ]
}
