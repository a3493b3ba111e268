// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Routing

/// The packet filter rules that may have dropped a packet for its reverse path, found by doing each rule's own check.
struct FilterSuspects {
    /// The one that most likely did. Nil when it cannot be told: no rule's check fails for the packet, or rules of
    /// chains whose order is not known do.
    var rule: FilterRule?
    /// All of those that could have, when it cannot be told which.
    var others: [FilterRule] = []

    /// `path`: the way the packet was going, when that is known; `routes`: of an IPv6 packet.
    init(_ drop: DropEvent, model: RoutingModel, path: PacketPath?, routes: IPv6Routes? = nil) {
        let interface = model.link(drop.key.interfaceIndex)?.name ?? drop.interfaceName
        var certain: [FilterRule] = []
        var possible: [FilterRule] = []
        for rule in model.facts.filterRules {
            guard let check = FilterCheck(rule), !check.isElsewhere(drop.locationSymbol) else { continue }
            let passes: Bool?
            if let addresses = drop.packet.ipv6 {
                passes = routes.map { check.passes(addresses, $0, drop.key.interfaceIndex, model) }
            } else {
                passes = check.passes(drop.packet, drop.key.interfaceIndex, model)
            }
            if passes == true { continue }
            switch check.applies(to: drop.packet, on: interface, path: path) {
            case true? where passes == false: certain.append(rule)
            case true?, nil: possible.append(rule)
            case false?: break
            }
        }
        if let first = Self.first(of: certain) {
            rule = first
        } else if certain.isEmpty && possible.count == 1 {
            rule = possible.first
        } else {
            others = certain.isEmpty ? possible : certain
        }
    }

    /// The rule that sees a packet first: within one chain the first match drops, and chains are called in the order of
    /// their hooks and priorities.
    private static func first(of rules: [FilterRule]) -> FilterRule? {
        guard let any = rules.first else { return nil }
        if rules.allSatisfy({ $0.isInSameChain(as: any) }) { return rules.min { $0.position < $1.position } }
        let places = rules.compactMap(\.place)
        guard places.count == rules.count, let earliest = places.min(by: { $0.order < $1.order }) else { return nil }
        let candidates = rules.filter { $0.place.map { $0.order == earliest.order } ?? false }
        guard let first = candidates.first, candidates.allSatisfy({ $0.isInSameChain(as: first) }) else { return nil }
        return candidates.min { $0.position < $1.position }
    }
}

extension FilterRule {
    fileprivate func isInSameChain(as other: Self) -> Bool {
        (tool, family, table, chain) == (other.tool, other.family, other.table, other.chain)
    }
}

extension FilterRule.Place {
    fileprivate var order: (Int, Int) {
        (["ingress": 0, "prerouting": 1][hook] ?? 2, priority)
    }
}
