// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// One routing table's index: where in the namespace's list of routes those of a prefix stand.
///
/// Holds positions, not routes, so that a full table costs a few words a route and copies of a model share the routes.
struct RouteTable: Sendable {
    /// Positions in the list of routes, those of one prefix side by side in the order in which the kernel tries them.
    private var positions: [Int32] = []
    /// By prefix length: where in `positions` each prefix of that length begins.
    private var starts: [[UInt32: Int32]] = Array(repeating: [:], count: 33)
    /// Bit n is set when there is a prefix of length n.
    private(set) var lengths: UInt64 = 0

    /// Indexes the routes at `members`. Routes of one prefix are tried by falling TOS, rising metric, then in the order
    /// given, which is the kernel's own in a dump (`net/ipv4/fib_trie.c`, fib_find_alias).
    init(routes: [Route], members: [Int32]) {
        var buckets: [[Int32]] = Array(repeating: [], count: 33)
        for member in members { buckets[Int(routes[Int(member)].destination.length)].append(member) }
        positions.reserveCapacity(members.count)
        for (length, bucket) in buckets.enumerated() where !bucket.isEmpty {
            func key(_ position: Int32) -> (UInt32, UInt8, UInt32, Int32) {
                let index = Int(position)
                return (
                    routes[index].destination.address.rawValue, ~routes[index].tos, routes[index].metric, position
                )
            }
            var sorted = bucket
            // A dump is in this order already, and sorting a full table takes longer than all the rest.
            if !zip(bucket, bucket.dropFirst()).allSatisfy({ key($0) <= key($1) }) {
                sorted.sort { key($0) < key($1) }
            }
            starts[length].reserveCapacity(sorted.count)
            var previous: UInt32?
            for position in sorted {
                let address = routes[Int(position)].destination.address.rawValue
                if address != previous { starts[length][address] = Int32(positions.count) }
                previous = address
                positions.append(position)
            }
            lengths |= 1 << UInt64(length)
        }
    }

    /// Calls `body` with the position of each route to exactly `prefix`, in order of preference, until it returns true.
    /// Returns whether it did.
    func visit(_ prefix: IPv4Prefix, in routes: [Route], _ body: (Int32) -> Bool) -> Bool {
        guard lengths >> UInt64(prefix.length) & 1 == 1,
            let start = starts[Int(prefix.length)][prefix.address.rawValue]
        else { return false }
        var index = Int(start)
        repeat {
            if body(positions[index]) { return true }
            index += 1
        } while index < positions.count && routes[Int(positions[index])].destination == prefix
        return false
    }
}
