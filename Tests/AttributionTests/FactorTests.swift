// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Routing
import Testing

private let a0 = Lab.a0
private let b0 = Lab.b0

/// Two drops that differ in what the factor is about: it holds for the first and not for the second.
struct FactorCase: Sendable, CustomTestStringConvertible {
    let factor: Factor
    let note: String
    let holds: @Sendable () -> DropAttribution
    let doesNot: @Sendable () -> DropAttribution

    init(
        _ factor: Factor, _ note: String = "", _ holds: @escaping @Sendable () -> DropAttribution,
        not doesNot: @escaping @Sendable () -> DropAttribution
    ) {
        self.factor = factor
        self.note = note
        self.holds = holds
        self.doesNot = doesNot
    }

    var testDescription: String { note.isEmpty ? factor.rawValue : "\(factor.rawValue): \(note)" }
}

private func marked(_ change: (inout Lab) -> Void = { _ in }) -> Lab {
    lab { lab in
        lab.rule(.lookup(table: 100)) {
            $0.mark = 1
            $0.markMask = .max
        }
        lab.route("203.0.113.0/25", a0, table: 100)
        change(&lab)
    }
}

private func tproxy(_ change: (inout Lab) -> Void = { _ in }) -> Lab {
    lab(mode: 0) { lab in
        lab.rule(.lookup(table: 100)) {
            $0.mark = 1
            $0.markMask = .max
        }
        lab.facts.routes.append(
            Route(table: 100, destination: .any, kind: .local, scope: 254, nexthops: [Nexthop(interface: 1)]))
        lab[0].srcValidMark = true
        change(&lab)
    }
}

private func routes(_ change: (inout Lab) -> Void) -> Lab {
    lab { lab in
        lab.unroute("203.0.113.0/25")
        change(&lab)
    }
}

private func kind(_ kind: String?) -> Lab {
    lab { lab in
        for index in lab.facts.links.indices where lab.facts.links[index].index == a0 {
            lab.facts.links[index].kind = kind
        }
    }
}

private func carrier(_ interface: UInt32, _ hasCarrier: Bool) -> Lab {
    lab { lab in
        for index in lab.facts.links.indices where lab.facts.links[index].index == interface {
            lab.facts.links[index].hasCarrier = hasCarrier
        }
    }
}

/// A host whose second address lives on lo, so that replies may leave by any interface.
private func anycast(_ change: (inout Lab) -> Void = { _ in }) -> Lab {
    lab { lab in
        lab.assign("203.0.113.250/32", to: 1)
        change(&lab)
    }
}
private let vip = address("203.0.113.250")

/// A host on which somebody wrote a value while it was watched.
private func rewritten(
    _ scope: InterfaceName, _ key: InterfaceSysctl, by writer: SettingWriter? = nil,
    _ change: (inout Lab) -> Void = { _ in }
) -> Lab {
    lab { lab in
        change(&lab)
        lab.facts.settingChanges = [
            SettingChange(Setting(scope, key), before: 2, after: 1, time: 1, writer: writer)
        ]
    }
}

let factorCases: [FactorCase] = [
    FactorCase(
        .valueOverwritten, "of the interface", { rewritten("a0", .rpFilter).judge() },
        not: { rewritten("b0", .rpFilter).judge() }),
    FactorCase(
        .valueOverwritten, "of all", { rewritten("all", .rpFilter).judge() },
        not: { rewritten("default", .rpFilter).judge() }),
    FactorCase(
        .valueOverwritten, "a mark that counts, for marked packets",
        { rewritten("a0", .srcValidMark).judge(mark: 1) }, not: { rewritten("a0", .srcValidMark).judge() }),
    FactorCase(
        .valueOverwritten, "accept_local, for own addresses",
        { rewritten("a0", .acceptLocal).judge(.localSource, from: Lab.own) },
        not: { rewritten("a0", .acceptLocal).judge() }),
    FactorCase(
        .valueOverwritten, "not by rpfwatch itself",
        {
            rewritten("a0", .rpFilter, by: SettingWriter(process: SettingWriter.Process(id: 1, command: "x"))).judge()
        },
        not: {
            rewritten(
                "a0", .rpFilter,
                by: SettingWriter(process: SettingWriter.Process(id: 1, command: "x"), isOwn: true)
            ).judge()
        }),
    FactorCase(
        .allOverridesInterface, "", { lab(mode: 0) { $0[0].rpFilter = 1 }.judge() },
        not: { lab { $0[0].rpFilter = 1 }.judge() }),
    FactorCase(.unnumberedInterface) {
        lab { lab in
            lab.flush(a0)
            lab.assign("192.0.2.1/32", to: 1)
        }.judge()
    } not: {
        lab().judge()
    },
    FactorCase(.fwmarkIgnored, "", { marked().judge(mark: 1) }, not: { marked().judge(mark: 2) }),
    FactorCase(.fwmarkIgnored, "no mark", { marked().judge(mark: 1) }, not: { marked().judge() }),
    FactorCase(.fwmarkIgnored, "the mark counts already") {
        marked().judge(mark: 1)
    } not: {
        lab { $0[a0].srcValidMark = true }.judge(mark: 1)
    },
    FactorCase(.fwmarkMisroutes) {
        lab { lab in
            lab[a0].srcValidMark = true
            lab.rule(.lookup(table: 100)) {
                $0.mark = 1
                $0.markMask = .max
            }
            lab.route("192.0.2.0/24", b0, table: 100)
        }.judge(from: Lab.neighbor, mark: 1)
    } not: {
        lab { $0[a0].srcValidMark = true }.judge(mark: 1)
    },
    FactorCase(.fwmarkHitsLocal) {
        tproxy().judge(.localSource, mark: 1)
    } not: {
        tproxy().judge(.localSource, from: Lab.own, mark: 1)
    },
    FactorCase(.dnat) {
        var drop = lab().drop()
        drop.hasDestinationNAT = true
        return attribute(drop, model: lab().model, lastChange: nil)
    } not: {
        lab().judge()
    },
    FactorCase(.decapsulated, "by the record", { kind("wireguard").judge() }, not: { kind("veth").judge() }),
    FactorCase(.decapsulated, "TUN", { kind("tun").judge() }, not: { kind(nil).judge() }),
    FactorCase(.decapsulated, "by the snapshot") {
        var drop = lab().drop()
        drop.interfaceKind = nil
        return attribute(drop, model: kind("vxlan").model, lastChange: nil)
    } not: {
        kind("vlan").judge()
    },
    FactorCase(.policyRule) {
        lab { lab in
            lab.rule(.lookup(table: 100)) { $0.to = prefix("203.0.113.0/24") }
            lab.route("default", via: "198.51.100.2", b0, table: 100)
        }.judge()
    } not: {
        lab { $0.rule(.lookup(table: 100)) { $0.to = prefix("203.0.113.0/24") } }.judge()
    },
    FactorCase(
        .policyRule, "a rule that refuses", { lab { $0.rule(.prohibit) }.judge() },
        not: { lab().judge(from: Lab.unrouted) }),
    FactorCase(.secondaryTableOnly) {
        lab { lab in
            lab.rule(.lookup(table: 100)) { $0.outputInterface = "a0" }
            lab.route("203.0.113.5/32", via: "192.0.2.2", a0, table: 100)
        }.judge()
    } not: {
        lab { lab in
            lab.rule(.lookup(table: 100)) { $0.outputInterface = "a0" }
            lab.route("203.0.113.5/32", via: "198.51.100.2", b0, table: 100)
        }.judge()
    },
    FactorCase(.lessSpecificRoute) {
        lab { $0.route("default", via: "192.0.2.2", a0) }.judge()
    } not: {
        lab { $0.route("default", via: "198.51.100.2", b0) }.judge()
    },
    FactorCase(.lessSpecificRoute, "only in the table that answered") {
        lab { $0.route("203.0.0.0/8", a0) }.judge()
    } not: {
        lab { lab in
            lab.rule(.lookup(table: 100), priority: 40_000)
            lab.route("203.0.0.0/8", a0, table: 100)
        }.judge()
    },
    FactorCase(.worseMetricRoute) {
        routes { lab in
            lab.route("default", via: "198.51.100.2", b0, metric: 10)
            lab.route("default", via: "192.0.2.2", a0, metric: 20)
        }.judge()
    } not: {
        routes { lab in
            lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10)
            lab.route("default", via: "192.0.2.2", a0, metric: 20)
        }.judge()
    },
    FactorCase(.worseMetricRoute, "a second one of the same metric is not worse") {
        lab { $0.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 1) }.judge()
    } not: {
        lab { $0.route("203.0.113.0/25", via: "192.0.2.2", a0) }.judge()
    },
    FactorCase(.sameSubnetInterfaces) {
        lab { lab in
            lab.unroute("192.0.2.0/24")
            lab.assign("192.0.2.3/24", to: b0)
            lab.route("192.0.2.0/24", a0)
        }.judge(from: Lab.neighbor)
    } not: {
        lab().judge()
    },
    FactorCase(
        .blackholeRoute, "", { lab { $0.refuse(.blackhole, "203.0.113.0/24") }.judge(from: Lab.unrouted) },
        not: { lab().judge(from: Lab.unrouted) }),
    FactorCase(
        .blackholeRoute, "throw to the end", { lab { $0.refuse(.throw, "203.0.113.0/24") }.judge(from: Lab.unrouted) }
    ) {
        lab { lab in
            lab.rule(.lookup(table: 100))
            lab.refuse(.throw, "203.0.113.0/24", table: 100)
        }.judge()
    },
    FactorCase(.blackholeRoute, "rule", { lab { $0.rule(.blackhole) }.judge() }, not: { lab().judge() }),
    FactorCase(
        .nexthopDown, "the chosen one has no carrier", { carrier(b0, false).judge() },
        not: { carrier(b0, true).judge() }),
    FactorCase(.nexthopDown, "a dead one would do") {
        routes { lab in
            lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 10, isDead: true)
            lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 20)
        }.judge()
    } not: {
        routes { lab in
            lab.route("203.0.113.0/25", via: "198.51.100.2", b0, metric: 10)
            lab.route("203.0.113.0/25", via: "192.0.2.2", a0, metric: 20, isDead: true)
        }.judge()
    },
    FactorCase(.nexthopDown, "loose, the only route is ignored") {
        lab(mode: 2) { lab in
            lab.unroute("203.0.113.0/25")
            lab.route("203.0.113.0/25", via: "198.51.100.2", b0, isLinkDown: true, isDead: true)
        }.judge()
    } not: {
        lab(mode: 2).judge(from: Lab.unrouted)
    },
    FactorCase(
        .replyPathBroken, "no route back", { lab().judge(from: Lab.unrouted) }, not: { anycast().judge(to: vip) }),
    FactorCase(
        .replyPathBroken, "the destination is on this subnet and the reply leaves by another", { lab().judge() },
        not: { anycast().judge(to: vip) }),
    FactorCase(
        .replyPathBroken, "a host address on the interface is no subnet", { lab().judge() },
        not: { lab { $0.assign("203.0.113.250/32", to: a0) }.judge(to: vip) }),
    FactorCase(.replyPathBroken, "no carrier") {
        var lab = carrier(b0, false)
        lab.assign("203.0.113.250/32", to: 1)
        return lab.judge(to: vip)
    } not: {
        anycast().judge(to: vip)
    },
    FactorCase(.replyPathBroken, "the gateway does not answer") {
        anycast { $0.facts.neighbors = [Neighbor(interface: b0, address: Lab.remote, hasFailed: true)] }.judge(to: vip)
    } not: {
        anycast { $0.facts.neighbors = [Neighbor(interface: b0, address: Lab.remote)] }.judge(to: vip)
    },
    FactorCase(.replyPathBroken, "not for what has no reply") {
        lab().judge()
    } not: {
        lab().judge(to: address("239.1.1.1"))
    },
    FactorCase(.vrf, "", { lab { $0.enslave() }.judge() }, not: { lab().judge() }),
    FactorCase(.otherNetns, "", { lab { $0.facts.namespace.isOwn = false }.judge() }, not: { lab().judge() }),
    FactorCase(.spoofSuspected, "connected elsewhere") {
        lab().judge(from: address("198.51.100.77"))
    } not: {
        lab().judge(from: Lab.asymmetric)
    },
    FactorCase(.spoofSuspected, "connected here too") {
        lab().judge(from: address("198.51.100.77"))
    } not: {
        lab { lab in
            lab.unroute("192.0.2.0/24")
            lab.assign("192.0.2.3/24", to: b0)
            lab.route("192.0.2.0/24", a0)
        }.judge(from: Lab.neighbor)
    },
    FactorCase(
        .spoofSuspected, "0/8", { lab().judge(from: address("0.0.0.1")) },
        not: { lab().judge(from: address("1.0.0.1")) }),
    FactorCase(
        .spoofSuspected, "169.254/16", { lab().judge(from: address("169.254.0.1")) },
        not: { lab().judge(from: address("169.253.0.1")) }),
    FactorCase(
        .spoofSuspected, "240/4", { lab().judge(from: address("240.0.0.1")) },
        not: { lab().judge(from: address("203.0.113.200")) }),
    FactorCase(
        .valueOverwritten, "a file says another value",
        { configured("net.ipv4.conf.a0.rp_filter=2").judge() },
        not: { configured("net.ipv4.conf.a0.rp_filter=1").judge() }),
    FactorCase(
        .valueOverwritten, "all counts too", { configured("net.ipv4.conf.all.rp_filter=0", all: 1, own: 0).judge() },
        not: { configured("net.ipv4.conf.default.rp_filter=2").judge() }),
    FactorCase(
        .valueOverwritten, "the value at the drop counts, not the one of now",
        {
            var later = configured("net.ipv4.conf.a0.rp_filter=2")
            let drop = later.drop()
            later[a0].rpFilter = 2
            return attribute(drop, model: later.model, lastChange: nil)
        },
        not: { configured("net.ipv4.conf.a0.rp_filter=1").judge(.localnet, from: address("127.0.0.9")) }),
]

/// The lab with a file of sysctl.d.
private func configured(_ line: String, all: Int32 = 0, own: Int32 = 1) -> Lab {
    lab(mode: own) { lab in
        lab[0].rpFilter = all
        lab.facts.sysctlSources = SysctlSources(
            reader: .systemd(version: 252),
            files: [SysctlFile(directory: 0, name: "a.conf", lines: [SysctlLine(number: 1, text: line)])])
    }
}

@Suite struct FactorTests {
    @Test(arguments: factorCases)
    func factorHoldsAndDoesNot(factor: FactorCase) {
        let holds = factor.holds()
        let doesNot = factor.doesNot()
        #expect(holds.factors.contains(factor.factor), "\(holds)")
        #expect(!doesNot.factors.contains(factor.factor), "\(doesNot)")
    }

    @Test func everyFactorIsTried() {
        let tried = Set(factorCases.map(\.factor))
        #expect(Set(Factor.allCases).subtracting(tried) == [])
    }

    @Test func factorsComeInTheContractsOrder() {
        let judged = lab(mode: 0) { lab in
            lab[0].rpFilter = 1
            lab.facts.namespace.isOwn = false
            lab.enslave()
            lab.route("default", via: "192.0.2.2", a0, table: 10)
        }.judge(from: address("203.0.113.5"))
        #expect(judged.factors == judged.factors.sorted())
        #expect(
            judged.factors
                == [.allOverridesInterface, .policyRule, .lessSpecificRoute, .replyPathBroken, .vrf, .otherNetns])
    }

    @Test func whatNobodyCanHaveAsAddressHasNoReplyPath() {
        #expect(lab().judge(.invalidSource, from: address("233.252.0.9")).factors == [])
        #expect(lab().judge(.localnet, from: address("127.0.0.9")).factors == [])
        #expect(lab().judge(.invalidSource, from: address("198.51.100.255")).factors == [.spoofSuspected])
    }

    @Test func manySourcesAloneAreNoSpoofing() {
        for host in 1...100 {
            let source = IPv4Address(rawValue: address("203.0.113.128").rawValue + UInt32(host))
            #expect(!lab().judge(from: source).factors.contains(.spoofSuspected))
        }
    }
}
