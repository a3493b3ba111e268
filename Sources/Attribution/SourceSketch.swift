// SPDX-License-Identifier: Apache-2.0
import Packets

/// The heaviest sources of a finding in bounded memory, however many there are: the Space-Saving algorithm over addresses.
///
/// A new address takes the place of the one counted least and inherits its count as its error, so that an address with
/// more than 1/256 of the drops is never missed and `count - error` never too high.
struct SourceSketch: Sendable {
    static let capacity = 256

    private var addresses: [UInt32] = []
    private var counts: [UInt64] = []
    private var errors: [UInt64] = []
    private var slots: [UInt32: Int] = [:]
    /// The least count, and the slot to begin with in looking for one that has it. Counts only grow, so a full turn
    /// without a find means that the least has grown: the cost of a replacement is constant on average.
    private var least: UInt64 = 1
    private var cursor = 0
    private(set) var total: UInt64 = 0
    /// All bits that every address has, and that some address has: they give the prefix of everything seen.
    private var common: UInt32 = .max
    private var any: UInt32 = 0

    mutating func record(_ source: IPv4Address) {
        let address = source.rawValue
        total += 1
        common &= address
        any |= address
        if let slot = slots[address] {
            counts[slot] += 1
        } else if addresses.count < Self.capacity {
            slots[address] = addresses.count
            addresses.append(address)
            counts.append(1)
            errors.append(0)
        } else {
            let slot = nextLeast()
            slots[addresses[slot]] = nil
            slots[address] = slot
            addresses[slot] = address
            errors[slot] = counts[slot]
            counts[slot] += 1
        }
    }

    private mutating func nextLeast() -> Int {
        for _ in 0..<2 {
            for _ in 0..<Self.capacity {
                let slot = cursor
                cursor = (cursor + 1) % Self.capacity
                if counts[slot] == least { return slot }
            }
            least = counts.min() ?? 1
        }
        return 0
    }

    /// The sources as at most `limit` prefixes, heaviest first; their counts add up to `total`. Many addresses of one block
    /// become the block; what the sketch could not keep apart becomes the prefix of everything seen.
    func prefixes(limit: Int) -> [Finding.Source] {
        var parts: [Finding.Source] = []
        var rest: UInt64 = 0
        for (slot, address) in addresses.enumerated() {
            let known = counts[slot] - errors[slot]
            rest += errors[slot]
            parts.append(Finding.Source(prefix: IPv4Prefix(IPv4Address(rawValue: address), length: 32), drops: known))
        }
        if rest > 0 {
            // More sources than places: those with less than a hundredth are here by chance.
            let kept = parts.filter { $0.drops * 100 >= total }
            rest = total - kept.reduce(0) { $0 + $1.drops }
            parts = kept
        }
        parts = Self.merged(parts, length: 24)
        for length: UInt8 in [16, 8] where parts.count > limit { parts = Self.merged(parts, length: length) }
        parts.sort { ($1.drops, $0.prefix) < ($0.drops, $1.prefix) }
        let room = rest > 0 || parts.count > limit ? max(limit - 1, 0) : limit
        let others = parts.dropFirst(room)
        if rest > 0 || !others.isEmpty {
            let cover =
                rest > 0 ? everything : others.dropFirst().reduce(others.first?.prefix ?? .any) { $0.union($1.prefix) }
            let drops = others.reduce(rest) { $0 + $1.drops }
            parts = Array(parts.prefix(room))
            parts.append(Finding.Source(prefix: cover, drops: drops))
            parts.sort { ($1.drops, $0.prefix) < ($0.drops, $1.prefix) }
        }
        return parts
    }

    /// Replaces eight or more parts inside one block by the block, leaving out one that outweighs all the others.
    private static func merged(_ parts: [Finding.Source], length: UInt8) -> [Finding.Source] {
        var result: [Finding.Source] = []
        let groups = Dictionary(grouping: parts) {
            IPv4Prefix($0.prefix.address, length: min(length, $0.prefix.length))
        }
        for (block, members) in groups {
            let sum = members.reduce(0) { $0 + $1.drops }
            let dominant = members.filter { $0.drops > sum - $0.drops }
            guard members.count - dominant.count >= 8 else {
                result += members
                continue
            }
            let heavy = dominant.reduce(0) { $0 + $1.drops }
            result += dominant + [Finding.Source(prefix: block, drops: sum - heavy)]
        }
        return result
    }

    private var everything: IPv4Prefix {
        IPv4Prefix(IPv4Address(rawValue: common), length: UInt8((common ^ any).leadingZeroBitCount))
    }
}

extension IPv4Prefix {
    /// The smallest block that contains both.
    fileprivate func union(_ other: Self) -> Self {
        let same = (address.rawValue ^ other.address.rawValue).leadingZeroBitCount
        return IPv4Prefix(address, length: min(length, other.length, UInt8(same)))
    }
}
