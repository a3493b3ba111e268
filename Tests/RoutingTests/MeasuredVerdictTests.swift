// SPDX-License-Identifier: Apache-2.0
import Facts
import ModelLab
import Packets
import Routing
import Testing

/// One line of the matrix that was measured on kernels 5.10, 6.1, 6.12, 6.18 and 7.2, with packets sent to a0.
struct MeasuredCase: Sendable, CustomTestStringConvertible {
    let id: String
    let expected: Decision
    let source: IPv4Address
    var destination = Lab.local
    var mark: UInt32 = 0
    var tos: UInt8 = 0
    let setUp: @Sendable (inout Lab) -> Void

    init(
        _ id: String, _ expected: Decision, from source: IPv4Address = Lab.asymmetric,
        to destination: IPv4Address = Lab.local,
        mark: UInt32 = 0, tos: UInt8 = 0, _ setUp: @escaping @Sendable (inout Lab) -> Void = { _ in }
    ) {
        self.id = id
        self.expected = expected
        self.source = source
        self.destination = destination
        self.mark = mark
        self.tos = tos
        self.setUp = setUp
    }

    var testDescription: String { id }

    var verdict: Verdict {
        var lab = Lab()
        setUp(&lab)
        let packet = Packet(
            source: source, destination: destination, sourcePort: 40_000, destinationPort: 9, tos: tos, mark: mark)
        return lab.model.validateSource(packet, ingress: Lab.a0)
    }
}

private let a0 = Lab.a0
private let b0 = Lab.b0
private let unrouted = Lab.unrouted
private let wrong = Decision.refuse(.wrongInterface)
private let noRoute = Decision.refuse(.noRoute)

private func unnumbered(_ mode: Int32) -> @Sendable (inout Lab) -> Void {
    { lab in
        lab.flush(a0)
        lab.assign("192.0.2.1/32", to: 1)
        lab[a0].rpFilter = mode
    }
}

private func mode(
    _ mode: Int32, _ more: @escaping @Sendable (inout Lab) -> Void = { _ in }
) -> @Sendable (inout Lab) -> Void {
    { lab in
        lab[a0].rpFilter = mode
        more(&lab)
    }
}

private func replacingRoute(_ more: @escaping @Sendable (inout Lab) -> Void) -> @Sendable (inout Lab) -> Void {
    mode(1) { lab in
        lab.unroute("203.0.113.0/25")
        more(&lab)
    }
}

private let replyByMark = mode(1) { lab in
    lab.rule(.lookup(table: 100)) {
        $0.mark = 1
        $0.markMask = .max
    }
    lab.route("203.0.113.0/25", a0, table: 100)
}

private let wgQuick = mode(1) { lab in
    lab.route("default", via: "192.0.2.2", a0)
    lab.route("default", b0, table: 51_820)
    lab.rule(.lookup(table: 51_820), priority: 32_765) {
        $0.mark = 0xCA6C
        $0.markMask = .max
        $0.isInverted = true
    }
    lab.rule(.lookup(table: Route.Table.main), priority: 32_764) { $0.suppressPrefixLength = 0 }
}

private let refusingRoutes: [MeasuredCase] = [
    ("S30", Route.Kind.blackhole), ("S31", .unreachable), ("S32", .prohibit), ("S33", .throw),
]
.flatMap { id, kind in
    [("a", Int32(0), Decision.accept), ("b", 2, noRoute), ("c", 1, noRoute)].map { letter, value, expected in
        MeasuredCase(
            id + letter, expected, from: unrouted,
            mode(value) { lab in
                lab.refuse(kind, "203.0.113.200/32")
                lab.route("default", via: "192.0.2.2", a0)
            })
    }
}

let measuredCases: [MeasuredCase] =
    [
        MeasuredCase("S01", .accept),
        MeasuredCase("S02", wrong, mode(1)),
        MeasuredCase("S03", wrong) { $0[0].rpFilter = 1 },
        MeasuredCase("S04", .accept, mode(2) { $0[0].rpFilter = 1 }),
        MeasuredCase("S05", .accept, mode(1) { $0[0].rpFilter = 2 }),
        MeasuredCase("S06", noRoute, from: unrouted, mode(2)),
        MeasuredCase("S07", .accept, from: unrouted, mode(2) { $0.route("default", via: "198.51.100.2", b0) }),
        MeasuredCase("S08", .accept, from: unrouted, mode(1) { $0.route("default", via: "192.0.2.2", a0) }),
        MeasuredCase("S09", .accept, from: Lab.neighbor, mode(1)),
        MeasuredCase("S11", .accept, from: unrouted),
        MeasuredCase("S12", .refuse(.noAddress), unnumbered(2)),
        MeasuredCase("S13", .refuse(.noAddress), unnumbered(1)),
        MeasuredCase("S14", .accept, unnumbered(0)),
        MeasuredCase("S15", .accept, from: unrouted) { lab in
            unnumbered(1)(&lab)
            lab.route("203.0.113.128/25", a0)
        },
        MeasuredCase("S16", noRoute, from: unrouted, unnumbered(2)),
        MeasuredCase("S17", wrong, mark: 1, replyByMark),
        MeasuredCase("S18", .accept, mark: 1) { lab in
            replyByMark(&lab)
            lab[a0].srcValidMark = true
        },
        MeasuredCase("S19", .accept, mark: 1) { lab in
            replyByMark(&lab)
            lab[0].srcValidMark = true
        },
        MeasuredCase("S21", .refuse(.localSource), from: Lab.own),
        MeasuredCase("S22", .refuse(.localSource), from: Lab.own, mode(1)),
        MeasuredCase("S23", .accept, from: Lab.own) { $0[a0].acceptLocal = true },
        MeasuredCase("S24", wrong, from: Lab.own, mode(1) { $0[a0].acceptLocal = true }),
        MeasuredCase("S25", .accept, from: Lab.own, mode(2) { $0[a0].acceptLocal = true }),
        MeasuredCase(
            "S27", .accept,
            replacingRoute { lab in
                lab.facts.routes.append(
                    Route(
                        destination: prefix("203.0.113.0/25"),
                        nexthops: [
                            Nexthop(interface: b0, gateway: Lab.remote),
                            Nexthop(interface: a0, gateway: address("192.0.2.2")),
                        ]))
            }),
        MeasuredCase(
            "S28", wrong,
            replacingRoute { lab in
                lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10)
                lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 20)
            }),
        MeasuredCase("S34", .accept, from: unrouted) { $0.rule(.blackhole) { $0.to = prefix("203.0.113.200") } },
        MeasuredCase(
            "S35", noRoute, from: unrouted, mode(2) { $0.rule(.blackhole) { $0.to = prefix("203.0.113.200") } }),
        MeasuredCase("S36a", .accept, from: address("198.51.100.255")),
        MeasuredCase("S36 with a rule", .refuse(.invalidSource), from: address("198.51.100.255")) {
            $0.rule(.lookup(table: 100)) { $0.from = prefix("203.0.113.99") }
        },
        MeasuredCase("S37a", .refuse(.invalidSource), from: address("224.0.0.9")),
        MeasuredCase("S37b", .refuse(.invalidSource), from: .limitedBroadcast),
        MeasuredCase("S37c", .accept, from: address("0.0.0.1")),
        MeasuredCase("S37d", .refuse(.localnet), from: address("127.0.0.9")),
        MeasuredCase("S37e", .accept, from: address("127.0.0.9")) { $0[a0].routeLocalnet = true },
        MeasuredCase("S37f", .refuse(.localnet), from: address("192.0.2.2"), to: .loopback),
        MeasuredCase(
            "S38", wrong,
            replacingRoute { lab in
                lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10, isLinkDown: true)
                lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 20)
            }),
        MeasuredCase(
            "S38 ignoring linkdown routes", .accept,
            replacingRoute { lab in
                lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10, isLinkDown: true, isDead: true)
                lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 20)
            }),
        MeasuredCase(
            "S40", .accept,
            replacingRoute { lab in
                lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10, isDead: true)
                lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 20)
            }),
        MeasuredCase("S42", wrong, to: Lab.remote, mode(1) { $0[a0].forwarding = true }),
        MeasuredCase("S43", .notEvaluated(.forwardingOff), to: Lab.remote, mode(1)),
        MeasuredCase(
            "S44", .accept, to: Lab.remote,
            mode(1) { lab in
                lab[a0].forwarding = true
                lab.rule(.lookup(table: 100)) { $0.inputInterface = "b0" }
                lab.route("203.0.113.5/32", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase(
            "S45", wrong,
            mode(1) { lab in
                lab.rule(.lookup(table: 100)) { $0.inputInterface = "b0" }
                lab.route("203.0.113.5/32", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase(
            "S46", .accept,
            mode(1) { lab in
                lab.rule(.lookup(table: 100)) { $0.inputInterface = "lo" }
                lab.route("203.0.113.5/32", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase(
            "S47", wrong,
            mode(1) { lab in
                lab.rule(.lookup(table: 100)) { $0.outputInterface = "a0" }
                lab.route("203.0.113.5/32", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase(
            "S49", .notEvaluated(.noRouteToDestination), from: address("192.0.2.2"), to: unrouted,
            mode(1) {
                $0[a0].forwarding = true
            }),
        MeasuredCase(
            "S50", .accept,
            mode(1) { lab in
                lab.rule(.lookup(table: 100)) { $0.from = prefix("192.0.2.1") }
                lab.route("default", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase(
            "S51", .accept, tos: 0x10,
            mode(1) { lab in
                lab.rule(.lookup(table: 100)) { $0.tos = 0x10 }
                lab.route("default", via: "192.0.2.2", a0, table: 100)
            }),
        MeasuredCase("S56", wrong, from: unrouted, wgQuick),
        MeasuredCase("S57", wrong, from: unrouted, mark: 0xCA6C, wgQuick),
        MeasuredCase("S57 with src_valid_mark", .accept, from: unrouted, mark: 0xCA6C) { lab in
            wgQuick(&lab)
            lab[a0].srcValidMark = true
        },
        MeasuredCase("S59", wrong, to: address("239.1.1.1"), mode(1)),
        MeasuredCase("S60", .accept, to: address("239.1.1.1"), mode(2)),
        MeasuredCase("S61", wrong, to: .limitedBroadcast, mode(1)),
        MeasuredCase("S62", .accept, from: .unspecified, to: .limitedBroadcast, mode(1)),
    ] + refusingRoutes

@Suite struct MeasuredVerdictTests {
    @Test(arguments: measuredCases)
    func theModelDecidesAsTheKernelDid(measured: MeasuredCase) {
        #expect(measured.verdict.decision == measured.expected)
    }
}
