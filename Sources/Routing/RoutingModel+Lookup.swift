// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

extension RoutingModel {
    /// Routes by the rules in their order, as the kernel's `fib_lookup` does. A blackhole, unreachable or prohibit ends it;
    /// a throw goes on with the next rule.
    package func lookup(_ key: LookupKey) -> LookupResult {
        hasCustomRules ? lookupByRules(key) : lookupWithoutRules(key)
    }

    /// The routes of a table to an address, as a lookup would try them: the most specific first, then by metric. Routes
    /// that select on another TOS are left out; error routes and dead ones are not.
    package func routes(to address: IPv4Address, table: UInt32, tos: UInt8 = 0) -> [Route] {
        var result: [Route] = []
        _ = visit(tables[table], nil, address) { position in
            let route = facts.routes[position]
            if route.tos == 0 || route.tos == tos & RuleEntry.legacyTOSMask { result.append(route) }
            return false
        }
        return result
    }

    /// `net/ipv4/fib_rules.c`, __fib_lookup, and `net/core/fib_rules.c`, fib_rules_lookup.
    private func lookupByRules(_ original: LookupKey) -> LookupResult {
        var key = original
        let outputDecidesVRF = selectVRF(&key)
        var consulted: ConsultedTables = []
        var thrown: (route: Route, rule: Rule)?
        var index = 0
        while index < entries.count {
            let entry = entries[index]
            index += 1
            guard entry.matches(key, outputDecidesVRF: outputDecidesVRF) else { continue }
            let number: UInt32
            let named: RouteTable?
            switch entry.rule.action {
            case .goto:
                if let jump = entry.jump { index = jump }
                continue
            case .nop:
                continue
            case .blackhole, .unreachable, .prohibit:
                return LookupResult(end: .refusedByRule, rule: entry.rule, tables: consulted)
            case .lookup where entry.rule.isL3Master:
                number = linkByIndex[key.vrf]?.vrfTable ?? 0
                named = tables[number]
            case .lookup(let table):
                number = table
                named = entry.table
            }
            guard let table = named else { continue }
            if !consulted.contains(number) { consulted.append(number) }
            switch search(table, nil, key) {
            case .nothing: continue
            case .thrown(let route): thrown = (route, entry.rule)
            case .refused(let route):
                return LookupResult(end: .refusedByRoute(route), rule: entry.rule, tables: consulted)
            case .found(let route):
                if suppresses(entry.rule, route) { continue }
                return LookupResult(end: .found(route), rule: entry.rule, tables: consulted)
            }
        }
        if let thrown { return LookupResult(end: .refusedByRoute(thrown.route), rule: thrown.rule, tables: consulted) }
        return LookupResult(end: .nothing, tables: consulted)
    }

    /// `include/net/ip_fib.h`, fib_lookup, while no rule was ever added: local and main are one table, so that the longest
    /// prefix of both wins. Kernels without the mend that the long-term ones took over (5.10.262 and 6.1.192 have it) let the
    /// default table answer after a blackhole, unreachable or prohibit route in main. Nothing tells whether one has it: the
    /// function is inlined, so that the kernel's types do not show it, and nobody may try it in a namespace in use.
    private func lookupWithoutRules(_ key: LookupKey) -> LookupResult {
        let first = search(localTable, mainTable, key)
        switch first {
        case .found(let route): return Self.unruled(.found(route), route, Self.mergedTables)
        case .refused(let route): return Self.unruled(.refusedByRoute(route), route, Self.mergedTables)
        case .thrown, .nothing: break
        }
        switch search(defaultTable, nil, key) {
        case .found(let route): return Self.unruled(.found(route), route, Self.unruledTables)
        case .refused(let route), .thrown(let route):
            return Self.unruled(.refusedByRoute(route), route, Self.unruledTables)
        case .nothing: break
        }
        if case .thrown(let route) = first { return Self.unruled(.refusedByRoute(route), route, Self.unruledTables) }
        return LookupResult(end: .nothing, tables: Self.unruledTables)
    }

    private static let mergedTables: ConsultedTables = [Route.Table.local, Route.Table.main]
    private static let unruledTables: ConsultedTables = [Route.Table.local, Route.Table.main, Route.Table.default]

    /// An answer without rules, under the default rule that stands for its table.
    private static func unruled(_ end: LookupResult.End, _ route: Route, _ consulted: ConsultedTables) -> LookupResult {
        let rule = Rule.defaults.first { $0.action == .lookup(table: route.table) }
        return LookupResult(end: end, rule: rule, tables: consulted)
    }

    /// Fills in the VRF of the output or input interface; true when the output interface decided
    /// (`net/l3mdev/l3mdev.c`, l3mdev_update_flow).
    private func selectVRF(_ key: inout LookupKey) -> Bool {
        if key.outputInterface != 0 {
            let output = key.outputInterface
            let decides = key.vrf == 0
            if decides { key.vrf = vrf(of: output) }
            if vrf(of: output) == output { key.outputInterface = 0 }
            return decides
        }
        if key.inputInterface > LookupKey.loopback && key.vrf == 0 { key.vrf = vrf(of: key.inputInterface) }
        return false
    }

    /// The type of the route to an address in a table, the local one when none is given, which is one with main as long as
    /// there are no rules; nil when there is none.
    func typeOfAddress(_ address: IPv4Address, table: UInt32?) -> Route.Kind? {
        let merged = table == nil && !hasCustomRules ? tables[Route.Table.main] : nil
        let key = LookupKey(destination: address)
        guard case .found(let route) = search(tables[table ?? Route.Table.local], merged, key) else { return nil }
        return route.kind
    }

    private enum Answer {
        case nothing
        case found(Route)
        case refused(Route)
        case thrown(Route)
    }

    /// `net/ipv4/fib_trie.c`, fib_table_lookup: the longest prefix with a usable nexthop.
    private func search(_ table: RouteTable?, _ merged: RouteTable?, _ key: LookupKey) -> Answer {
        var answer = Answer.nothing
        _ = visit(table, merged, key.destination) { position in
            let route = facts.routes[position]
            if route.tos != 0 && route.tos != key.tos & RuleEntry.legacyTOSMask { return false }
            switch route.kind {
            case .blackhole, .unreachable, .prohibit, .nat: answer = .refused(route)
            case .throw: answer = .thrown(route)
            case .unicast, .local, .broadcast, .anycast, .multicast:
                guard isUsable(route, key) else { return false }
                answer = .found(route)
            }
            return true
        }
        return answer
    }

    private func isUsable(_ route: Route, _ key: LookupKey) -> Bool {
        for nexthop in route.nexthops {
            if key.outputInterface != 0 && nexthop.interface != key.outputInterface { continue }
            if isUsable(nexthop, ignoringLinkState: key.ignoresLinkState) { return true }
        }
        return false
    }

    /// `net/ipv4/fib_rules.c`, fib4_rule_suppress.
    private func suppresses(_ rule: Rule, _ route: Route) -> Bool {
        if let length = rule.suppressPrefixLength, Int32(route.destination.length) <= length { return true }
        if let group = rule.suppressInterfaceGroup, group >= 0, let nexthop = route.nexthops.first,
            let link = linkByIndex[nexthop.interface]
        {
            return link.group == UInt32(group)
        }
        return false
    }

    /// Calls `body` with the position of each route to the address, by falling prefix length and, within one length, those
    /// of `table` before those of `merged`; stops when it returns true.
    private func visit(
        _ table: RouteTable?, _ merged: RouteTable?, _ address: IPv4Address, _ body: (Int) -> Bool
    ) -> Bool {
        var first = table?.prefixes(containing: address) ?? .none
        var second = merged?.prefixes(containing: address) ?? .none
        while true {
            if let table, first.length >= max(second.length, 0) {
                if table.visit(first, body) { return true }
                first = table.next(first)
            } else if let merged, second.length >= 0 {
                if merged.visit(second, body) { return true }
                second = merged.next(second)
            } else {
                return false
            }
        }
    }
}
