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
