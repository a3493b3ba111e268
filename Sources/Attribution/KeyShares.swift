// SPDX-License-Identifier: Apache-2.0

/// How the drops that the kernel counted under one key are shared out over findings.
struct KeyShares: Sendable {
    struct Share: Sendable {
        /// Which finding, by its place in the table.
        var slot: Int
        /// Drops of it under this key whose detail was received.
        var detailed: UInt64
        /// Its part of the count.
        var drops: UInt64
    }

    private(set) var shares: [Share] = []
    /// The settling in which the kernel last counted the key, or after which it was first seen.
    var settling: UInt64

    init(settling: UInt64) { self.settling = settling }

    /// Counts one detailed drop; returns by how much the finding's part grew.
    mutating func record(_ slot: Int) -> UInt64 {
        guard let index = shares.firstIndex(where: { $0.slot == slot }) else {
            shares.append(Share(slot: slot, detailed: 1, drops: 1))
            return 1
        }
        shares[index].detailed += 1
        guard shares[index].drops < shares[index].detailed else { return 0 }
        shares[index].drops += 1
        return 1
    }

    /// Takes over the parts of another key.
    mutating func merge(_ other: Self) {
        for share in other.shares {
            if let index = shares.firstIndex(where: { $0.slot == share.slot }) {
                shares[index].detailed += share.detailed
                shares[index].drops += share.drops
            } else {
                shares.append(share)
            }
        }
    }

    mutating func addWithoutDetail(_ slot: Int) {
        if !shares.contains(where: { $0.slot == slot }) { shares.append(Share(slot: slot, detailed: 0, drops: 0)) }
    }

    /// Shares `total` out in proportion to the details, so that the parts add up to it exactly: each finding gets its details and
    /// its part of the rest, rounded down, and what rounding left goes to those that lost most by it. Without any detail
    /// the first finding gets all. A total below the details was read before their records were: the details stand.
    mutating func settle(_ total: UInt64) {
        let detailed = shares.reduce(0) { $0 + $1.detailed }
        guard detailed > 0 else {
            for index in shares.indices { shares[index].drops = index == 0 ? total : 0 }
            return
        }
        var left = total > detailed ? total - detailed : 0
        let rest = left
        var remainders: [(index: Int, remainder: UInt64)] = []
        for index in shares.indices {
            // The quotient is at most `rest`, because no finding has more than all details.
            let (part, remainder) = detailed.dividingFullWidth(rest.multipliedFullWidth(by: shares[index].detailed))
            shares[index].drops = shares[index].detailed + part
            left -= part
            remainders.append((index, remainder))
        }
        remainders.sort { ($1.remainder, $0.index) < ($0.remainder, $1.index) }
        for (index, _) in remainders.prefix(Int(left)) { shares[index].drops += 1 }
    }
}
