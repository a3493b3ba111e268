// SPDX-License-Identifier: Apache-2.0
import Packets

/// The heaviest sources of a finding in bounded memory, however many there are: the Space-Saving algorithm over addresses.
///
/// A new address takes the place of the one counted least and inherits its count as its error, so that an address with
/// more than 1/256 of the drops is never missed and `count - error` never too high.
struct SourceSketch<Address: SketchedAddress>: Sendable {
    static var capacity: Int { 256 }

    private var addresses: [Address] = []
    private var counts: [UInt64] = []
    private var errors: [UInt64] = []
    private var slots: [Address: Int] = [:]
    /// The least count, and the slot to begin with in looking for one that has it. Counts only grow, so a full turn
    /// without a find means that the least has grown: the cost of a replacement is constant on average.
    private var least: UInt64 = 1
    private var cursor = 0
    private(set) var total: UInt64 = 0
    /// All bits that every address has, and that some address has: they give the prefix of everything seen.
    private var common = Address.allBits
    private var any = Address.unspecified

    mutating func record(_ address: Address) {
        total += 1
        common = common.and(address)
        any = any.or(address)
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

    /// The addresses that have a place, those seen most first; in no order among equals.
    var heaviest: [Address] { addresses.indices.sorted { counts[$0] > counts[$1] }.map { addresses[$0] } }

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
            parts.append(Finding.Source(prefix: Address.block(address, length: .max), drops: known))
        }
        if rest > 0 {
            // More sources than places: those with less than a hundredth are here by chance.
            let kept = parts.filter { $0.drops * 100 >= total }
            rest = total - kept.reduce(0) { $0 + $1.drops }
            parts = kept
        }
        for (index, length) in Address.blockLengths.enumerated() where index == 0 || parts.count > limit {
            parts = Self.merged(parts, length: length)
        }
        parts.sort { ($1.drops, $0.prefix) < ($0.drops, $1.prefix) }
        let room = rest > 0 || parts.count > limit ? max(limit - 1, 0) : limit
        let others = parts.dropFirst(room)
        if rest > 0 || !others.isEmpty {
            let cover =
                rest > 0
                ? everything
                : others.dropFirst().reduce(others.first?.prefix ?? Address.block(.unspecified, length: 0)) {
                    $0.union($1.prefix)
                }
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
            IPPrefix($0.prefix.address, length: min(length, $0.prefix.length))
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

    private var everything: IPPrefix {
        Address.block(common, length: common.sameBits(as: any))
    }
}

/// An address of either version, by its bits.
protocol SketchedAddress: Hashable, Sendable {
    static var allBits: Self { get }
    static var unspecified: Self { get }

    /// Prefixes that many addresses are summed up in, the longest first.
    static var blockLengths: [UInt8] { get }

    /// The block that the address is in; more bits than there are count as all.
    static func block(_ address: Self, length: UInt8) -> IPPrefix

    func and(_ other: Self) -> Self
    func or(_ other: Self) -> Self

    /// How many of the first bits are the same.
    func sameBits(as other: Self) -> UInt8
}

extension IPv4Address: SketchedAddress {
    static var allBits: Self { limitedBroadcast }
    static var blockLengths: [UInt8] { [24, 16, 8] }

    static func block(_ address: Self, length: UInt8) -> IPPrefix { .v4(IPv4Prefix(address, length: length)) }

    func and(_ other: Self) -> Self { Self(rawValue: rawValue & other.rawValue) }
    func or(_ other: Self) -> Self { Self(rawValue: rawValue | other.rawValue) }
    func sameBits(as other: Self) -> UInt8 { UInt8((rawValue ^ other.rawValue).leadingZeroBitCount) }
}

extension IPv6Address: SketchedAddress {
    static var allBits: Self { Self(high: .max, low: .max) }
    static var blockLengths: [UInt8] { [64, 48, 32] }

    static func block(_ address: Self, length: UInt8) -> IPPrefix { IPPrefix(.v6(address), length: length) }

    func and(_ other: Self) -> Self { Self(high: high & other.high, low: low & other.low) }
    func or(_ other: Self) -> Self { Self(high: high | other.high, low: low | other.low) }

    func sameBits(as other: Self) -> UInt8 {
        let first = (high ^ other.high).leadingZeroBitCount
        return UInt8(first < 64 ? first : 64 + (low ^ other.low).leadingZeroBitCount)
    }
}

extension IPPrefix {
    /// The smallest block that contains both, of one version.
    fileprivate func union(_ other: Self) -> Self {
        let same: UInt8 =
            switch (address, other.address) {
            case (.v4(let own), .v4(let other)): own.sameBits(as: other)
            case (.v6(let own), .v6(let other)): own.sameBits(as: other)
            default: 0
            }
        return IPPrefix(address, length: min(length, other.length, same))
    }
}
