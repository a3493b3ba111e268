// SPDX-License-Identifier: Apache-2.0
import Packets

/// The routes of a namespace in their order, of which there may be a million: 16 octets each, and once for all routes
/// that share it what else there is to say of them.
///
/// Makes a `Route` of what is asked for; that allocates nothing, as all routes with the same nexthops share their array.
package struct RouteList: Sendable {
    /// What a route differs in from its neighbours.
    fileprivate struct Row: Hashable, Sendable {
        var destination: UInt32
        var metric: UInt32
        /// Position in `shared`.
        var shared: UInt32
        var length: UInt8
        var tos: UInt8
    }

    /// What many routes have in common, as the kernel's `fib_info`.
    fileprivate struct Shared: Hashable, Sendable {
        var table: UInt32
        var kind: Route.Kind
        var scope: UInt8
        var origin: UInt8
        var hasRealm: Bool
        var preferredSource: IPv4Address?
        var nexthops: [Nexthop]

        init(_ route: Route) {
            table = route.table
            kind = route.kind
            scope = route.scope
            origin = route.origin
            hasRealm = route.hasRealm
            preferredSource = route.preferredSource
            nexthops = route.nexthops
        }
    }

    private var rows: [Row] = []
    /// Some may be of routes that are gone.
    private var shared: [Shared] = []
    private var positions: [Shared: UInt32] = [:]

    package init() {}

    private mutating func row(_ route: Route) -> Row {
        Row(
            destination: route.destination.address.rawValue, metric: route.metric, shared: share(Shared(route)),
            length: route.destination.length, tos: route.tos)
    }

    private mutating func share(_ value: Shared) -> UInt32 {
        // Most routes are like the one before.
        if let last = rows.last?.shared, shared[Int(last)] == value { return last }
        if let known = positions[value] { return known }
        let position = UInt32(shared.count)
        shared.append(value)
        positions[value] = position
        return position
    }

    private func route(_ row: Row) -> Route {
        let shared = shared[Int(row.shared)]
        return Route(
            table: shared.table, destination: IPv4Prefix(IPv4Address(rawValue: row.destination), length: row.length),
            tos: row.tos, metric: row.metric, kind: shared.kind, scope: shared.scope, origin: shared.origin,
            preferredSource: shared.preferredSource, nexthops: shared.nexthops, hasRealm: shared.hasRealm)
    }

    /// A list without routes that shares what this one's routes do.
    package func emptied(capacity: Int) -> Self {
        var result = self
        result.rows = []
        result.rows.reserveCapacity(capacity)
        return result
    }

    /// Adds some of the routes of the list that this one was made of by `emptied`.
    package mutating func append(rowsOf other: Self, _ range: Range<Int>) { rows += other.rows[range] }

    /// Puts parts of the list into another order.
    package mutating func rearrange(_ ranges: [Range<Int>]) { rows = ranges.flatMap { rows[$0] } }

    // MARK: Without making routes

    /// The table that the route at `index` is in.
    package func table(at index: Int) -> UInt32 { shared[Int(rows[index].shared)].table }

    /// The order in which the kernel tries the routes of one table to one address: the most specific first, then by
    /// falling TOS and rising metric (`net/ipv4/fib_trie.c`, fib_find_alias). Routes to other addresses come before or
    /// after, by the first address of their prefix, as in a dump.
    package struct Order: Comparable, Sendable {
        /// The first address of the prefix, then its length, then the TOS, the latter two inverted.
        package let prefixAndTOS: UInt64
        package let metric: UInt32

        package var address: UInt32 { UInt32(truncatingIfNeeded: prefixAndTOS >> 32) }
        package var length: UInt8 { ~UInt8(truncatingIfNeeded: prefixAndTOS >> 8) }
        /// The same for all routes to one prefix.
        package var prefix: UInt64 { prefixAndTOS >> 8 }

        fileprivate init(_ row: Row) {
            prefixAndTOS = UInt64(row.destination) << 32 | UInt64(~row.length) << 8 | UInt64(~row.tos)
            metric = row.metric
        }

        /// Not after that of any route to the prefix.
        init(before prefix: IPv4Prefix) {
            self.init(
                Row(
                    destination: prefix.address.rawValue, metric: 0, shared: 0, length: prefix.length, tos: .max))
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.prefixAndTOS, left.metric) < (right.prefixAndTOS, right.metric)
        }
    }

    package func order(at index: Int) -> Order {
        Order(rows[index])
    }

    /// Whether a route has RTA_FLOW.
    package var hasRealm: Bool { hasAny { $0.hasRealm } }

    /// Whether a user made a route of type local; those of addresses have the kernel as their origin (RTPROT_KERNEL).
    package var hasUsersLocalRoute: Bool { hasAny { $0.kind == .local && $0.origin != 2 } }

    private func hasAny(_ isWanted: (Shared) -> Bool) -> Bool {
        guard shared.contains(where: isWanted) else { return false }
        return rows.contains { isWanted(shared[Int($0.shared)]) }
    }
}

extension RouteList: RandomAccessCollection, MutableCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { rows.count }

    package subscript(index: Int) -> Route {
        get { route(rows[index]) }
        set { rows[index] = row(newValue) }
    }
}

extension RouteList: RangeReplaceableCollection, ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Route...) { self.init(elements) }

    package mutating func replaceSubrange(_ range: Range<Int>, with routes: some Collection<Route>) {
        let new = routes.map { row($0) }
        rows.replaceSubrange(range, with: new)
    }

    package mutating func append(_ route: Route) {
        let row = row(route)
        rows.append(row)
    }

    package mutating func reserveCapacity(_ count: Int) { rows.reserveCapacity(count) }

    package mutating func removeAll(where isUnwanted: (Route) throws -> Bool) rethrows {
        let shared = self
        try rows.removeAll { try isUnwanted(shared.route($0)) }
    }

    package mutating func removeAll(keepingCapacity: Bool = false) {
        rows.removeAll(keepingCapacity: keepingCapacity)
        shared = []
        positions = [:]
    }
}

extension RouteList: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        guard left.rows.count == right.rows.count else { return false }
        // At once when they are copies of one list.
        if left.shared == right.shared { return left.rows == right.rows }
        return zip(left, right).allSatisfy { $0 == $1 }
    }

    /// Equal lists may share differently, so what is shared does not count; and not every route does, lest hashing a full
    /// table took as long as reading it.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(rows.count)
        for row in rows.prefix(64) {
            hasher.combine(row.destination)
            hasher.combine(row.metric)
        }
    }
}
