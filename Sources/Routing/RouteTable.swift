// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// One routing table's index: where in the namespace's list of routes those of a prefix stand.
///
/// Holds positions, not routes: 16 octets for each prefix. A lookup searches the last prefix that begins at or before the
/// address; all that contain the address contain this one's beginning too, so they are that prefix and those around it.
final class RouteTable: Sendable {
    /// A prefix that has routes.
    private struct Entry {
        /// Its first address.
        var beginning: UInt32
        /// The next shorter prefix that contains this one; -1 when none does.
        var parent: Int32
        /// Where its only route stands in the list of routes, or with `isList` where its routes' positions begin in `lists`.
        var route: Int32
        var length: UInt8
        var isList: Bool

        func contains(_ address: UInt32) -> Bool {
            (address ^ beginning) & IPv4Prefix.mask(length: length) == 0
        }
    }

    /// By their beginnings, a shorter prefix before a longer one.
    private let entries: [Entry]
    /// Positions of the routes of prefixes that have several, in the order in which the kernel tries them; each list ends
    /// with -1.
    private let lists: [Int32]
    /// How many prefixes begin before each block of 2^16 addresses; empty for a table that is searched as fast without.
    private let blocks: [Int32]

    private static let blockBits: UInt32 = 16
    private static let leastForBlocks = 1 << 11

    /// Indexes the routes at `members`. Routes of one prefix are tried by falling TOS, rising metric, then in the order
    /// given, which is the kernel's own in a dump.
    init(routes: RouteList, members: [Int32]) {
        var sorted = members
        // A dump is in this order already, and sorting a full table takes longer than all the rest.
        if !zip(members, members.dropFirst()).allSatisfy({ routes.order(at: Int($0)) <= routes.order(at: Int($1)) }) {
            sorted.sort { (routes.order(at: Int($0)), $0) < (routes.order(at: Int($1)), $1) }
        }
        var builder = Builder(routes: routes, count: sorted.count)
        var index = 0
        while index < sorted.count {
            let address = routes.order(at: Int(sorted[index])).address
            var end = index + 1
            while end < sorted.count, routes.order(at: Int(sorted[end])).address == address { end += 1 }
            builder.add(sorted[index..<end], beginningAt: address)
            index = end
        }
        entries = builder.entries
        lists = builder.lists
        blocks = entries.count < Self.leastForBlocks ? [] : Self.blocks(entries)
    }

    private struct Builder {
        let routes: RouteList
        var entries: [Entry] = []
        var lists: [Int32] = []
        /// The prefixes around the next one, the shortest first.
        private var around: [Int32] = []

        init(routes: RouteList, count: Int) {
            self.routes = routes
            entries.reserveCapacity(count)
        }

        /// Adds the routes of all prefixes that begin at an address, given with the longest prefix first.
        mutating func add(_ positions: ArraySlice<Int32>, beginningAt address: UInt32) {
            while let last = around.last, !contains(last, address) { around.removeLast() }
            var end = positions.endIndex
            while end > positions.startIndex {
                let length = routes.order(at: Int(positions[end - 1])).length
                var start = end - 1
                while start > positions.startIndex, routes.order(at: Int(positions[start - 1])).length == length {
                    start -= 1
                }
                let isList = end - start > 1
                let entry = Entry(
                    beginning: address, parent: around.last ?? -1,
                    route: isList ? Int32(lists.count) : positions[start], length: length,
                    isList: isList)
                if isList {
                    lists += positions[start..<end]
                    lists.append(-1)
                }
                around.append(Int32(entries.count))
                entries.append(entry)
                end = start
            }
        }

        private func contains(_ entry: Int32, _ address: UInt32) -> Bool { entries[Int(entry)].contains(address) }
    }

    private static func blocks(_ entries: [Entry]) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity((1 << (32 - blockBits)) + 1)
        for (index, entry) in entries.enumerated() {
            while result.count <= Int(entry.beginning >> blockBits) { result.append(Int32(index)) }
        }
        while result.count <= 1 << (32 - blockBits) { result.append(Int32(entries.count)) }
        return result
    }

    /// The prefixes that contain an address, one after the other, the longest first.
    struct Prefixes {
        fileprivate var entry: Int32
        /// Of the current prefix; -1 when there is none.
        fileprivate(set) var length: Int

        static let none = Self(entry: -1, length: -1)
    }

    func prefixes(containing address: IPv4Address) -> Prefixes {
        let address = address.rawValue
        var low = 0
        var high = entries.count
        if !blocks.isEmpty {
            let block = Int(address >> Self.blockBits)
            (low, high) = (Int(blocks[block]), Int(blocks[block + 1]))
        }
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].beginning <= address { low = middle + 1 } else { high = middle }
        }
        var entry = Int32(low) - 1
        while entry >= 0, !entries[Int(entry)].contains(address) { entry = entries[Int(entry)].parent }
        return at(entry)
    }

    func next(_ prefixes: Prefixes) -> Prefixes { at(entries[Int(prefixes.entry)].parent) }

    private func at(_ entry: Int32) -> Prefixes {
        entry < 0 ? .none : Prefixes(entry: entry, length: Int(entries[Int(entry)].length))
    }

    /// Calls `body` with the position of each route to exactly the current prefix, in order of preference, until it
    /// returns true. Returns whether it did.
    func visit(_ prefixes: Prefixes, _ body: (Int) -> Bool) -> Bool {
        let entry = entries[Int(prefixes.entry)]
        guard entry.isList else { return body(Int(entry.route)) }
        var index = Int(entry.route)
        while lists[index] >= 0 {
            if body(Int(lists[index])) { return true }
            index += 1
        }
        return false
    }
}
