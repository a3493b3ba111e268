// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Loose mode still needs a unicast route to the source.
package enum LooseMode {
    package static let scenarios: [Scenario] = [
        Scenario(
            "all=2 over 0: no route to the source, the gateway is known",
            setup: [.rpFilter("all", 2), .knownClient],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_route", factors: ["all_overrides_interface", "reply_path_broken"],
                    sysctl: (all: 2, interface: 0), reverse: ExpectedReverse.none, certainty: "observed",
                    fix: ExpectedFix("route"))),
            remedy: [.ip("route add \(unrouted) via \(neighbor) dev a0")]),

        Scenario(
            "no route to the source and no gateway known: the route stays incomplete",
            setup: [.rpFilter("a0", 2)],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_route", factors: ["reply_path_broken"], sysctl: (all: 0, interface: 2),
                    reverse: ExpectedReverse.none, certainty: "observed", fix: ExpectedFix("route", incomplete: true))),
            remedy: [.ip("route add \(unrouted) dev a0")]),

        Scenario(
            "only a blackhole route covers the source",
            setup: [
                .rpFilter("a0", 2), .ip("route add default via \(neighbor) dev a0"),
                .ip("route add blackhole \(unrouted)"),
            ],
            traffic: .packets(.udp(from: unrouted, to: hostOnA)),
            expect: .dropped(
                ExpectedDrop(
                    "no_route", factors: ["less_specific_route", "blackhole_route", "reply_path_broken"],
                    sysctl: (all: 0, interface: 2), reverse: .blackhole(), certainty: "observed", fix: .none)),
            remedy: [.ip("route delete blackhole \(unrouted)")]),
    ]
}
