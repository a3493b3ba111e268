// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Lab
import Packets
import Routing
import Scenarios

/// The finding about a scenario's drops, with the facts of its real namespace, as a trace would come to it.
struct RealFinding {
    private let scenario: Scenario
    private let expected: ExpectedDrop
    private let facts: NetworkFacts

    init(_ scenario: Scenario, _ expected: ExpectedDrop, _ testbed: Testbed) throws {
        self.scenario = scenario
        self.expected = expected
        var identity = NamespaceIdentity(inode: UInt32(testbed.host.inode))
        switch testbed.host.reference {
        case .name(let name): identity.name = name
        case .process(let process): identity.processID = process
        }
        facts = try NetworkNamespace(path: testbed.host.path).facts(identity, includingFilterRules: true)
    }

    func advice() throws -> Advice {
        let model = RoutingModel(facts)
        let samples = (scenario.traffic.checked ?? scenario.traffic.packets).map {
            Finding.Sample(drop: drop($0), count: UInt64(scenario.traffic.times))
        }
        guard let ingress = facts.link(named: InterfaceName(expected.interface)), let first = samples.first else {
            throw LabError("the host has no interface \(expected.interface)")
        }
        let attribution = attribute(first.drop, model: model, lastChange: nil)
        guard attribution.cause?.rawValue == expected.cause else {
            throw LabError("the cause is \(attribution.cause?.rawValue ?? "null")")
        }
        let count = samples.reduce(0) { $0 + $1.count }
        let finding = Finding(
            id: "0123456789abcdef", namespace: facts.namespace, interface: ingress.name, interfaceIndex: ingress.index,
            attribution: attribution, sysctls: first.drop.sysctls, drops: count, detailed: count, firstSeen: 1,
            lastSeen: 2,
            sources: [], samples: samples)
        return advise(on: finding, model: model)
    }

    private func drop(_ sent: IPv4Packet) -> DropEvent {
        let ingress = facts.link(named: InterfaceName(expected.interface))
        let index = ingress?.index ?? 0
        let all = facts.configuration.all
        let own = facts.configuration.own(index)
        let outcome: DropOutcome =
            switch expected.cause {
            case "local_source": .localSource
            case "invalid_source": .invalidSource
            case "localnet": .localnet
            case "netfilter": .netfilter
            default: .reversePathFilter
            }
        return DropEvent(
            key: DropKey(
                namespaceCookie: 1, namespaceInode: facts.namespace.inode, interfaceIndex: index, reason: 1,
                outcome: outcome, path: nil, interfaceHasAddress: !facts.addresses(on: index).isEmpty),
            time: facts.time, packet: packet(sent), interfaceName: InterfaceName(expected.interface),
            interfaceKind: ingress?.kind,
            sysctls: SysctlsAtDrop(
                rpFilterAll: all.rpFilter, rpFilterInterface: own.rpFilter, acceptLocalAll: all.acceptLocal,
                acceptLocalInterface: own.acceptLocal, srcValidMarkAll: all.srcValidMark,
                srcValidMarkInterface: own.srcValidMark),
            hasDestinationNAT: expected.factors.contains("dnat"),
            hasCustomRules: facts.rules != Rule.defaults)
    }

    /// The packet as the check sees it: marked and translated by the scenario's own rules.
    private func packet(_ sent: IPv4Packet) -> Packet {
        func port(_ offset: Int) -> UInt16? {
            guard [6, 17].contains(sent.protocol), sent.fragmentOffset == 0 else { return nil }
            return sent.payload[offset..<offset + 2].reduce(0) { $0 << 8 | UInt16($1) }
        }
        let rulesets = scenario.setup.compactMap { step in
            if case .command(_, let input) = step.action { input } else { nil }
        }
        let isMarked = rulesets.contains { $0.contains("meta mark set 1") }
        // As Calico marks what comes from pods.
        let isPods = scenario.setup.contains { step in
            if case .command(let words, _) = step.action {
                words.contains { $0.contains("--set-xmark 0x40000/0x40000") }
            } else {
                false
            }
        }
        let mark: UInt32 = isMarked ? 1 : isPods ? 0x40000 : 0
        let translated = rulesets.lazy.compactMap { ruleset in
            ruleset.split(separator: "dnat to ").dropFirst().first.flatMap { IPv4Address($0.prefix { $0 != ":" }) }
        }.first
        var sender: MACAddress?
        if case .wire(let interface, _, _) = scenario.traffic.entry {
            sender = MACAddress(octets: Testbed.ethernetAddress(interface))
        }
        return Packet(
            source: IPv4Address(rawValue: sent.source),
            destination: translated ?? IPv4Address(rawValue: sent.destination),
            transport: IPProtocol(rawValue: sent.protocol), sourcePort: port(0), destinationPort: port(2),
            tos: sent.tos,
            fragmentOffset: sent.fragmentOffset, moreFragments: sent.moreFragments, mark: mark,
            sourceMAC: sender)
    }
}
