// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import ModelLab
import Packets
import Routing

extension AdviceCase {
    private static let a0 = Lab.a0
    private static let toHost = packet(from: Lab.asymmetric, to: Lab.local)
    private static let unrouted = packet(from: Lab.unrouted, to: Lab.local)

    private static func twoInOneSubnet(_ packet: Packet) -> Problem {
        Problem(
            .wrongInterface, [.sameSubnetInterfaces], on: 4, of: packet,
            in: host {
                $0.addLink(4, "c0", kind: "veth", mode: 1)
                $0.assign("192.0.2.3/24", to: 4)
            })
    }

    /// Routes and rules: where the way back has to lead through the interface that the packets came in by.
    static let routeCases: [Self] = [
        Self(
            "two NICs, the gateway is known",
            Problem(
                .wrongInterface, [.replyPathBroken], of: toHost,
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                }),
            .policyRule,
            [
                "ip route add 192.0.2.0/24 dev a0 table 100", "ip route add default via 192.0.2.2 dev a0 table 100",
                "ip rule add from 192.0.2.1 lookup 100 priority 32765",
            ],
            revert: [
                "ip rule del from 192.0.2.1 lookup 100 priority 32765",
                "ip route del default via 192.0.2.2 dev a0 table 100", "ip route del 192.0.2.0/24 dev a0 table 100",
            ],
            alternatives: [.route, .interfaceLoose, .allLoose],
            says: ["counts as having custom rules from then on, also after the revert", "Lost at the next boot"]),
        Self(
            "two NICs, the gateway is not known",
            Problem(.wrongInterface, [.replyPathBroken], of: toHost, in: host { $0[a0].rpFilter = 1 }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose], says: ["the replies are still lost"]),
        Self(
            "a rule with iif of the ingress interface exists",
            Problem(
                .wrongInterface, [.secondaryTableOnly, .replyPathBroken], of: toHost,
                in: host {
                    $0[a0].rpFilter = 1
                    $0.rule(.lookup(table: 100)) { $0.inputInterface = "a0" }
                    $0.route("default", via: "192.0.2.2", a0, table: 100)
                }),
            .policyRule, ["ip rule add from 192.0.2.1 lookup 100 priority 32764"],
            revert: ["ip rule del from 192.0.2.1 lookup 100 priority 32764"],
            alternatives: [.route, .interfaceLoose, .allLoose], says: ["Table 100 exists already"]),
        Self(
            "the second default route has a worse metric",
            Problem(
                .wrongInterface, [.worseMetricRoute], of: packet(from: Lab.unrouted, to: serviceAddress),
                in: host {
                    $0.serviceAddressOnLoopback()
                    $0[a0].rpFilter = 1
                    $0.route("default", via: "198.51.100.2", Lab.b0, metric: 100)
                    $0.route("default", via: "192.0.2.2", a0, metric: 200)
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose],
            rejected: [
                ("a second route with a worse metric", "strict mode looks at the best route only, the one through b0")
            ]),
        Self(
            "all=2 over 0, no route, the gateway is known",
            Problem(
                .noRoute, [.allOverridesInterface], of: unrouted,
                in: host {
                    $0.knowClient()
                    $0[0].rpFilter = 2
                }),
            .route, ["ip route add 203.0.113.200 via 192.0.2.2 dev a0"],
            revert: ["ip route del 203.0.113.200 via 192.0.2.2 dev a0"], alternatives: [.interfaceOff, .allOff],
            rejected: [
                ("loose for all", "loose mode still needs a route to the source, and there is none"),
                ("off for this interface", "the larger of all=2 and a0=0"),
                ("off for all", "turns the check off for lo (2 to 0) and b0 (2 to 0)"),
            ]),
        Self(
            "no route, the gateway is not known",
            Problem(.noRoute, of: unrouted, in: host { $0[a0].rpFilter = 2 }),
            .route, ["ip route add 203.0.113.200 via GATEWAY dev a0"],
            revert: ["ip route del 203.0.113.200 via GATEWAY dev a0"], predicted: .unknown,
            alternatives: [.interfaceOff], says: ["Put the address of the router on a0 where GATEWAY stands"]),
        Self(
            "many sources without a route",
            Problem(
                .noRoute, of: packet(from: address("203.0.113.193"), to: Lab.local),
                packet(from: address("203.0.113.194"), to: Lab.local),
                packet(from: address("203.0.113.195"), to: Lab.local),
                packet(from: address("203.0.113.220"), to: Lab.local),
                packet(from: address("203.0.113.221"), to: Lab.local),
                packet(from: address("198.51.101.9"), to: Lab.local),
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                }),
            .route,
            [
                "ip route add 198.51.101.9 via 192.0.2.2 dev a0", "ip route add 203.0.113.193 via 192.0.2.2 dev a0",
                "ip route add 203.0.113.194/31 via 192.0.2.2 dev a0",
                "ip route add 203.0.113.220/31 via 192.0.2.2 dev a0",
            ],
            revert: [
                "ip route del 203.0.113.220/31 via 192.0.2.2 dev a0",
                "ip route del 203.0.113.194/31 via 192.0.2.2 dev a0",
                "ip route del 203.0.113.193 via 192.0.2.2 dev a0", "ip route del 198.51.101.9 via 192.0.2.2 dev a0",
            ],
            alternatives: [.interfaceOff]),
        Self(
            "a blackhole route that somebody added",
            Problem(
                .noRoute, [.blackholeRoute], of: unrouted,
                in: host {
                    $0[a0].rpFilter = 2
                    $0.route("default", via: "192.0.2.2", a0)
                    $0.refuse(.blackhole, "203.0.113.200/32")
                }),
            .none, predicted: .drop, alternatives: [.interfaceOff],
            says: ["The blackhole route to 203.0.113.200 in table main refuses the source on purpose"]),
        Self(
            "a default route of type unreachable is no intention about one source",
            Problem(
                .noRoute, [.blackholeRoute], of: unrouted,
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                    $0.refuse(.unreachable, "default", metric: 4_278_198_272)
                }),
            .route, ["ip route add 203.0.113.200 via 192.0.2.2 dev a0"],
            revert: ["ip route del 203.0.113.200 via 192.0.2.2 dev a0"], alternatives: [.interfaceOff]),
        Self(
            "two NICs in one subnet",
            twoInOneSubnet(packet(from: address("192.0.2.2"), to: address("192.0.2.3"))),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.c0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.c0.rp_filter=1"], widens: ["c0 1>2"],
            alternatives: [.policyRule, .route, .allLoose]),
        Self(
            "two NICs in one subnet, and the wrong one answered ARP",
            twoInOneSubnet(packet(from: address("192.0.2.2"), to: Lab.local)),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.c0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.c0.rp_filter=1"], widens: ["c0 1>2"],
            alternatives: [.policyRule, .route, .arpSysctl, .allLoose]),
        Self(
            "a broadcast that the other NIC of the subnet receives too",
            {
                var problem = twoInOneSubnet(packet(from: address("192.0.2.2"), to: .limitedBroadcast))
                problem.path = .broadcast
                return problem
            }(),
            .none, predicted: .drop, alternatives: [.interfaceLoose, .route, .allLoose],
            says: ["a0 is on the same wire, receives the same frames and accepts them"]),
        Self(
            "multicast",
            Problem(
                .wrongInterface, path: .multicast, of: packet(from: Lab.asymmetric, to: address("233.252.0.1")),
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"], alternatives: [.route, .allLoose],
            rejected: [("a rule for the host address: ip rule from 192.0.2.1", "no source address to match")]),
        Self(
            "a forwarded packet",
            Problem(
                .wrongInterface, path: .forward, of: packet(from: Lab.asymmetric, to: Lab.remote),
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                    $0[a0].forwarding = true
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose],
            rejected: [("a rule for what comes in there", "they would be sent back out by a0")]),
        Self(
            "a forwarded packet whose reply is lost",
            Problem(
                .wrongInterface, [.replyPathBroken], path: .forward, of: packet(from: Lab.asymmetric, to: Lab.remote),
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                    $0[a0].forwarding = true
                }),
            .policyRule,
            [
                "ip route add default via 192.0.2.2 dev a0 table 100",
                "ip rule add from 198.51.100.2 to 203.0.113.0/25 iif b0 lookup 100 priority 32765",
            ],
            revert: [
                "ip rule del from 198.51.100.2 to 203.0.113.0/25 iif b0 lookup 100 priority 32765",
                "ip route del default via 192.0.2.2 dev a0 table 100",
            ],
            alternatives: [.route, .interfaceLoose, .allLoose]),
        Self(
            "DNAT to a container",
            Problem(
                .wrongInterface, [.dnat], path: .forward,
                of: packet(from: Lab.asymmetric, to: address("203.0.113.194")),
                in: host {
                    $0.knowClient()
                    $0.addLink(6, "br0", kind: "bridge", mode: 0)
                    $0.assign("203.0.113.193/26", to: 6)
                    $0[a0].rpFilter = 1
                    $0[a0].forwarding = true
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose],
            rejected: [("a rule for the host address: ip rule from 192.0.2.1", "after destination NAT")]),
        Self(
            "an ARP request under strict mode",
            Problem(.wrongInterface, path: .arp, of: toHost, in: host { $0[a0].rpFilter = 1 }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose], says: ["no IP packet comes this way until that is fixed"]),
        Self(
            "a member of a VRF",
            Problem(
                .noRoute, [.vrf], of: unrouted,
                in: host {
                    $0.enslave()
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                }),
            .route, ["ip route add 203.0.113.200 via 192.0.2.2 dev a0 table 10"],
            revert: ["ip route del 203.0.113.200 via 192.0.2.2 dev a0 table 10"], alternatives: [.interfaceOff]),
    ]
}
