// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Routing

/// The packet filter rule that most likely dropped a packet for its reverse path, found by doing the rule's own check.
struct FilterMatch {
    let rule: FilterRule
    /// What that check's lookup found.
    let reverse: LookupResult

    /// Nil when it cannot be told: no rule's check fails for the packet, or rules in several chains do.
    init?(drop: DropEvent, model: RoutingModel) {
        var certain: [FilterMatch] = []
        var possible: [FilterMatch] = []
        for rule in model.facts.filterRules {
            guard let check = FilterCheck(rule), !check.isElsewhere(drop.locationSymbol) else { continue }
            let interface = model.link(drop.key.interfaceIndex)?.name ?? drop.interfaceName
            guard let reverse = check.failingLookup(drop.packet, drop.key.interfaceIndex, model) else { continue }
            switch check.applies(to: drop.packet, on: interface) {
            case true?: certain.append(FilterMatch(rule: rule, reverse: reverse))
            case nil: possible.append(FilterMatch(rule: rule, reverse: reverse))
            case false?: break
            }
        }
        if let first = certain.first {
            // Within one chain the first match drops; the order of chains depends on hooks that are not in the rule.
            guard certain.allSatisfy({ $0.isInSameChain(as: first) }) else { return nil }
            self = certain.min { $0.rule.position < $1.rule.position } ?? first
        } else {
            guard possible.count == 1, let only = possible.first else { return nil }
            self = only
        }
    }

    private init(rule: FilterRule, reverse: LookupResult) {
        self.rule = rule
        self.reverse = reverse
    }

    private func isInSameChain(as other: Self) -> Bool {
        (rule.tool, rule.family, rule.table, rule.chain)
            == (other.rule.tool, other.rule.family, other.rule.table, other.rule.chain)
    }
}
