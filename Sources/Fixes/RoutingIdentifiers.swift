// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension NetworkFacts {
    /// A routing table that nothing uses: no rule leads to it, no route is in it, no VRF owns it.
    var freeTable: UInt32 {
        var used = Set(routes.map(\.table))
        used.formUnion(links.compactMap(\.vrfTable))
        for rule in rules {
            if case .lookup(let table) = rule.action { used.insert(table) }
        }
        used.formUnion([Route.Table.default, Route.Table.main, Route.Table.local])
        return (100...UInt32.max).first { !used.contains($0) } ?? 100
    }

    /// The highest free rule priority before `limit`: behind the custom rules where there is room, before the rule that
    /// answers now. Nil when there is none.
    func freePriority(before limit: UInt32) -> UInt32? {
        let used = Set(rules.map(\.priority))
        return stride(from: Int(limit) - 1, to: 0, by: -1).lazy.map { UInt32($0) }.first { !used.contains($0) }
    }
}
