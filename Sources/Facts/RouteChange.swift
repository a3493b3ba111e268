// SPDX-License-Identifier: Apache-2.0
import Packets

/// What became of routes, as the kernel announced it or as it follows from something else that it announced.
package enum RouteChange: Hashable, Sendable {
    /// Where a new route stands among those of the same prefix, TOS and metric (`net/ipv4/fib_trie.c`,
    /// fib_table_insert).
    package enum Placement: Hashable, Sendable {
        /// Before the others.
        case first
        /// Behind the others: NLM_F_APPEND.
        case last
        /// In the place of the first: NLM_F_REPLACE.
        case insteadOfFirst
    }

    case added(Route, Placement)
    case removed(Route)
    /// The interface went down: the kernel drops the routes that lead through it alone, and does not say so.
    case interfaceDown(UInt32)
    /// These are all routes that lead through the interface, also among others.
    case interface(UInt32, [Route])
}

extension RouteList {
    /// Brings the routes of each table together, the tables by number. Within one they keep their order, which in a dump
    /// is the one that changes are applied in.
    package mutating func groupTables() {
        var runs: [(table: UInt32, rows: Range<Int>)] = []
        for index in indices {
            let table = table(at: index)
            if let last = runs.last, last.table == table {
                runs[runs.count - 1].rows = last.rows.lowerBound..<index + 1
            } else {
                runs.append((table, index..<index + 1))
            }
        }
        guard !zip(runs, runs.dropFirst()).allSatisfy({ $0.table < $1.table }) else { return }
        runs.sort { ($0.table, $0.rows.lowerBound) < ($1.table, $1.rows.lowerBound) }
        rearrange(runs.map(\.rows))
    }

    /// Whether the routes stand by table and within one in the kernel's order: what `apply` needs and keeps.
    package var isInOrder: Bool {
        indices.dropFirst().allSatisfy { index in
            let (before, after) = (table(at: index - 1), table(at: index))
            return before < after || before == after && order(at: index - 1) <= order(at: index)
        }
    }

    /// How many routes lead through the interface.
    package func count(through interface: UInt32) -> Int {
        count { route in route.nexthops.contains { $0.interface == interface } }
    }

    /// Applies changes one after the other. False when one cannot be understood, as when a route that is not there is
    /// removed, or one that is there is added: then something happened that was not told. With `mayBeKnown` changes that
    /// are in the list already are none.
    package mutating func apply(_ changes: some Sequence<RouteChange>, mayBeKnown: Bool = false) -> Bool {
        var edits = RouteEdits()
        var isUnderstood = true
        for change in changes {
            switch change {
            case .added(let route, let placement):
                let isNew = edits.change(route, in: self) { $0.add(route, placement) }
                isUnderstood = isUnderstood && (isNew || mayBeKnown)
            case .removed(let route):
                let wasThere = edits.change(route, in: self) { $0.remove(route) }
                isUnderstood = isUnderstood && (wasThere || mayBeKnown)
            case .interfaceDown(let interface):
                merge(edits)
                edits = RouteEdits()
                removeAll { $0.kind != .local && $0.leadsOnly(through: interface) }
            case .interface(let interface, let routes):
                merge(edits)
                edits = RouteEdits()
                for index in indices where self[index].leads(through: interface) {
                    _ = edits.change(self[index], in: self) { _ in true }
                }
                for route in routes { _ = edits.change(route, in: self) { _ in true } }
                edits.replaceRoutes(through: interface, with: routes)
            }
        }
        merge(edits)
        return isUnderstood
    }

    private mutating func merge(_ edits: RouteEdits) {
        let edits = edits.lists.sorted { ($0.key.table, $0.key.order) < ($1.key.table, $1.key.order) }
        guard !edits.isEmpty else { return }
        var result = emptied(capacity: count + edits.count)
        var taken = 0
        for (prefix, routes) in edits {
            let range = range(of: prefix)
            result.append(rowsOf: self, taken..<range.lowerBound)
            for route in routes { result.append(route) }
            taken = range.upperBound
        }
        result.append(rowsOf: self, taken..<count)
        self = result
    }

    /// Where the routes of a prefix of a table stand, or would.
    fileprivate func range(of prefix: RouteEdits.Prefix) -> Range<Int> {
        func first(_ isBehind: (UInt32, Order) -> Bool) -> Int {
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                if isBehind(table(at: middle), order(at: middle)) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let lower = first { ($0, $1) >= (prefix.table, prefix.order) }
        let upper = first { table, order in
            table > prefix.table || table == prefix.table && order.prefix > prefix.order.prefix
        }
        return lower..<upper
    }
}

/// The routes of the prefixes that changes touch, while they are applied.
private struct RouteEdits {
    struct Prefix: Hashable {
        var table: UInt32
        var destination: IPv4Prefix

        /// Before that of every route of the prefix.
        var order: RouteList.Order { RouteList.Order(before: destination) }
    }

    var lists: [Prefix: [Route]] = [:]

    /// Lets `body` change the routes of the prefix that `route` is of.
    mutating func change(_ route: Route, in list: RouteList, _ body: (inout [Route]) -> Bool) -> Bool {
        let prefix = Prefix(table: route.table, destination: route.destination)
        return body(&lists[prefix, default: Array(list[list.range(of: prefix)])])
    }

    /// Routes that are there already keep their place.
    mutating func replaceRoutes(through interface: UInt32, with routes: [Route]) {
        let byPrefix = Dictionary(grouping: routes) { Prefix(table: $0.table, destination: $0.destination) }
        for (prefix, list) in lists {
            var new = byPrefix[prefix] ?? []
            var result: [Route] = []
            for route in list {
                if !route.leads(through: interface) {
                    result.append(route)
                } else if let index = new.firstIndex(where: { $0.isSame(as: route) }) {
                    result.append(new.remove(at: index))
                }
            }
            for route in new { _ = result.add(route, .last) }
            lists[prefix] = result
        }
    }
}

extension [Route] {
    /// Adds a route to those of its prefix; false when it is there already.
    fileprivate mutating func add(_ route: Route, _ placement: RouteChange.Placement) -> Bool {
        if let known = firstIndex(where: { $0.isSame(as: route) }) {
            if placement == .insteadOfFirst {
                self[known] = route
                return true
            }
            remove(at: known)
            _ = add(route, placement)
            return false
        }
        func isBefore(_ other: Route) -> Bool { (~other.tos, other.metric) < (~route.tos, route.metric) }
        let first = firstIndex { !isBefore($0) } ?? endIndex
        var last = first
        while last < endIndex, self[last].tos == route.tos, self[last].metric == route.metric { last += 1 }
        switch placement {
        case .first: insert(route, at: first)
        case .last: insert(route, at: last)
        case .insteadOfFirst: if first < last { self[first] = route } else { insert(route, at: first) }
        }
        return true
    }

    fileprivate mutating func remove(_ route: Route) -> Bool {
        guard let index = firstIndex(where: { $0.isSame(as: route) }) else { return false }
        remove(at: index)
        return true
    }
}

extension Route {
    /// Whether it is the same route, whatever the state of its nexthops.
    fileprivate func isSame(as other: Self) -> Bool {
        var (own, other) = (self, other)
        for index in own.nexthops.indices { own.nexthops[index].forgetState() }
        for index in other.nexthops.indices { other.nexthops[index].forgetState() }
        return own == other
    }

    fileprivate func leads(through interface: UInt32) -> Bool { nexthops.contains { $0.interface == interface } }

    fileprivate func leadsOnly(through interface: UInt32) -> Bool {
        !nexthops.isEmpty && nexthops.allSatisfy { $0.interface == interface }
    }
}

extension Nexthop {
    fileprivate mutating func forgetState() {
        isDead = false
        isLinkDown = false
    }
}
