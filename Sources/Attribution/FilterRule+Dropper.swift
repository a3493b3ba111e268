// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Routing

/// The packet filter rule that most likely dropped a packet for its reverse path, found by doing each rule's own check.
/// Nil when it cannot be told: no rule's check fails for the packet, or rules in several chains do.
func filterRule(dropping drop: DropEvent, model: RoutingModel) -> FilterRule? {
    let interface = model.link(drop.key.interfaceIndex)?.name ?? drop.interfaceName
    var certain: [FilterRule] = []
    var possible: [FilterRule] = []
    for rule in model.facts.filterRules {
        guard let check = FilterCheck(rule), !check.isElsewhere(drop.locationSymbol),
            !check.passes(drop.packet, drop.key.interfaceIndex, model)
        else { continue }
        switch check.applies(to: drop.packet, on: interface) {
        case true?: certain.append(rule)
        case nil: possible.append(rule)
        case false?: break
        }
    }
    guard let first = certain.first else { return possible.count == 1 ? possible.first : nil }
    // Within one chain the first match drops; the order of chains depends on hooks that are not in the rule.
    guard certain.allSatisfy({ $0.isInSameChain(as: first) }) else { return nil }
    return certain.min { $0.position < $1.position }
}

extension FilterRule {
    fileprivate func isInSameChain(as other: Self) -> Bool {
        (tool, family, table, chain) == (other.tool, other.family, other.table, other.chain)
    }
}
