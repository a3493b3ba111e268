// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Routing

extension Lab {
    /// `ip rule add fwmark 1 lookup 100`.
    fileprivate mutating func ruleForMark() {
        rule(.lookup(table: 100), priority: 1_000) {
            $0.mark = 1
            $0.markMask = .max
        }
    }

    /// `ip route add local default dev lo table …`.
    fileprivate mutating func localDefault(table: UInt32) {
        facts.routes.append(
            Route(table: table, destination: .any, kind: .local, scope: 254, nexthops: [Nexthop(interface: 1)]))
    }
}

extension AdviceCase {
    private static let a0 = Lab.a0
    private static let marked = packet(from: Lab.asymmetric, to: Lab.local, mark: 1)

    private static func transparentProxy(_ change: (inout Lab) -> Void) -> Problem {
        Problem(
            .localSource, [.fwmarkHitsLocal, .policyRule],
            of: packet(from: Lab.asymmetric, to: address("203.0.113.77"), mark: 1),
            in: host {
                $0.ruleForMark()
                $0.facts.routes.append(
                    Route(
                        table: 100, destination: .any, kind: .local, scope: 254, nexthops: [Nexthop(interface: 1)]))
                change(&$0)
            })
    }

    /// The mark 1 finds the way back; what else is there is the point.
    private static func ignoredMark(_ mark: UInt32 = 1, _ change: (inout Lab) -> Void) -> Problem {
        Problem(
            .wrongInterface, [.fwmarkIgnored], of: packet(from: Lab.asymmetric, to: Lab.local, mark: mark),
            in: host {
                $0[a0].rpFilter = 1
                $0.route("203.0.113.0/25", via: "192.0.2.2", a0, table: 100)
                change(&$0)
            })
    }

    private static func loose(_ name: String, _ problem: @autoclosure @escaping @Sendable () -> Problem) -> Self {
        Self(
            name, problem(), .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose])
    }

    private static func countedMark(
        _ name: String, _ problem: @autoclosure @escaping @Sendable () -> Problem
    ) -> Self {
        Self(
            name, problem(), .srcValidMark, ["sysctl -w net.ipv4.conf.a0.src_valid_mark=1"],
            revert: ["sysctl -w net.ipv4.conf.a0.src_valid_mark=0"],
            alternatives: [.interfaceLoose, .policyRule, .route, .allLoose])
    }

    /// Rules in the manner of TPROXY beside a mark that should count.
    static let proxyCases: [Self] = [
        loose(
            "a rule with a mask sends the mark to a local table",
            ignoredMark(0x11) {
                $0.rule(.lookup(table: 100), priority: 1_000) { ($0.mark, $0.markMask) = (0x11, .max) }
                $0.rule(.lookup(table: 200), priority: 1_001) { ($0.mark, $0.markMask) = (0x1, 0xF) }
                $0.localDefault(table: 200)
            }),
        loose(
            "an inverted rule sends every other mark to a local table",
            ignoredMark {
                $0.rule(.lookup(table: 100), priority: 1_000) { ($0.mark, $0.markMask) = (1, .max) }
                $0.rule(.lookup(table: 200), priority: 1_001) {
                    ($0.mark, $0.markMask, $0.isInverted) = (0, .max, true)
                }
                $0.localDefault(table: 200)
            }),
        loose(
            "a rule for the mark goes to one that looks a local table up",
            ignoredMark {
                $0.rule(.lookup(table: 100), priority: 1_000) { ($0.mark, $0.markMask) = (1, .max) }
                $0.rule(.goto(priority: 40_000), priority: 1_001) { ($0.mark, $0.markMask) = (1, .max) }
                $0.rule(.lookup(table: 200), priority: 40_000) { $0.from = prefix("10.0.0.0/8") }
                $0.rule(.goto(priority: 50_000), priority: 39_999)
                $0.rule(.nop, priority: 50_000)
                $0.localDefault(table: 200)
            }),
        countedMark(
            "the addresses that a VRF's table has from the kernel are no proxy's",
            ignoredMark {
                $0.rule(.lookup(table: 100), priority: 1_000) { ($0.mark, $0.markMask) = (1, .max) }
                $0.facts.routes.append(
                    Route(
                        table: 100, destination: prefix("198.51.100.1/32"), kind: .local, scope: 254, origin: 2,
                        nexthops: [Nexthop(interface: Lab.b0)]))
            }),
        Self(
            "another mark is a proxy's: counting marks would break that",
            ignoredMark {
                $0.rule(.lookup(table: 100), priority: 1_000) { ($0.mark, $0.markMask) = (1, .max) }
                $0.rule(.lookup(table: 200), priority: 1_001) { ($0.mark, $0.markMask) = (2, .max) }
                $0.localDefault(table: 200)
            },
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.srcValidMark, .policyRule, .route, .allLoose],
            rejected: [("count the mark everywhere: all.src_valid_mark=1", "on every interface")]),
    ]

    /// Marks: a reverse lookup that should see them, and one that should not.
    static let markCases: [Self] = [
        Self(
            "the mark that finds the way back is ignored",
            Problem(
                .wrongInterface, [.fwmarkIgnored, .replyPathBroken], of: marked,
                in: host {
                    $0[a0].rpFilter = 1
                    $0.ruleForMark()
                    $0.route("203.0.113.0/25", via: "192.0.2.2", a0, table: 100)
                }),
            .srcValidMark, ["sysctl -w net.ipv4.conf.a0.src_valid_mark=1"],
            revert: ["sysctl -w net.ipv4.conf.a0.src_valid_mark=0"],
            alternatives: [.policyRule, .route, .interfaceLoose, .allLoose],
            rejected: [("count the mark everywhere: all.src_valid_mark=1", "the interface's own setting is enough")],
            says: ["mark 0x1"]),
        Self(
            "the mark that finds the way back also leads to a local table",
            Problem(
                .wrongInterface, [.fwmarkIgnored], of: marked,
                in: host {
                    $0[a0].rpFilter = 1
                    $0.ruleForMark()
                    $0.route("203.0.113.0/25", via: "192.0.2.2", a0, table: 100)
                    $0.facts.routes.append(
                        Route(
                            table: 100, destination: .any, kind: .local, scope: 254,
                            nexthops: [Nexthop(interface: 1)]))
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose]),
        Self(
            "the mark leads away from the right route",
            Problem(
                .wrongInterface, [.fwmarkMisroutes, .policyRule],
                of: packet(from: Lab.unrouted, to: Lab.local, mark: 1),
                in: host {
                    $0[a0].rpFilter = 1
                    $0[a0].srcValidMark = true
                    $0.ruleForMark()
                    $0.route("203.0.113.128/25", via: "192.0.2.2", a0)
                    $0.route("203.0.113.128/25", via: "198.51.100.2", Lab.b0, table: 100)
                }),
            .srcValidMark, ["sysctl -w net.ipv4.conf.a0.src_valid_mark=0"],
            revert: ["sysctl -w net.ipv4.conf.a0.src_valid_mark=1"],
            alternatives: [.interfaceLoose, .policyRule, .route, .allLoose]),
        Self(
            "TPROXY under all.src_valid_mark",
            transparentProxy { $0[0].srcValidMark = true },
            .srcValidMark,
            [
                "sysctl -w net.ipv4.conf.lo.src_valid_mark=1", "sysctl -w net.ipv4.conf.b0.src_valid_mark=1",
                "sysctl -w net.ipv4.conf.default.src_valid_mark=1", "sysctl -w net.ipv4.conf.all.src_valid_mark=0",
            ],
            revert: [
                "sysctl -w net.ipv4.conf.all.src_valid_mark=1", "sysctl -w net.ipv4.conf.default.src_valid_mark=0",
                "sysctl -w net.ipv4.conf.b0.src_valid_mark=0", "sysctl -w net.ipv4.conf.lo.src_valid_mark=0",
            ],
            alternatives: [.acceptLocal]),
        Self(
            "TPROXY under the interface's src_valid_mark",
            transparentProxy { $0[a0].srcValidMark = true },
            .srcValidMark, ["sysctl -w net.ipv4.conf.a0.src_valid_mark=0"],
            revert: ["sysctl -w net.ipv4.conf.a0.src_valid_mark=1"], alternatives: [.acceptLocal]),
        Self(
            "TPROXY, and without the mark strict mode would drop",
            transparentProxy {
                $0[a0].srcValidMark = true
                $0[a0].rpFilter = 1
            },
            .none, predicted: .drop, says: ["203.0.113.5 is local to this host"]),
    ]
}
