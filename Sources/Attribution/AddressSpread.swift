// SPDX-License-Identifier: Apache-2.0
import Packets

/// How many different addresses there were, and over how much of the address space: exact for the first ones, then
/// estimated.
struct AddressSpread: Sendable {
    private static let exactLimit = 256

    private var first: Set<UInt32> = []
    /// One bit for each block of length 8.
    private var blocks: SIMD4<UInt64> = .zero
    /// Of addresses and of their blocks of length 16; nil as long as all addresses are among the first.
    private var sketches: (addresses: CardinalitySketch, blocks: CardinalitySketch)?

    mutating func record(_ source: IPv4Address) {
        let address = source.rawValue
        blocks[Int(address >> 30)] |= 1 << UInt64(address >> 24 & 63)
        if sketches == nil {
            if first.contains(address) { return }
            if first.count < Self.exactLimit {
                first.insert(address)
                return
            }
            sketches = (CardinalitySketch(), CardinalitySketch())
            for address in first { count(address) }
        }
        count(address)
    }

    private mutating func count(_ address: UInt32) {
        sketches?.addresses.insert(address)
        sketches?.blocks.insert(address >> 16)
    }

    var isEstimate: Bool { sketches != nil }

    var addresses: UInt64 {
        sketches.map { max($0.addresses.estimate, UInt64(Self.exactLimit) + 1) } ?? UInt64(first.count)
    }

    var blocksOf8: UInt64 { (0..<4).reduce(0) { $0 + UInt64(blocks[$1].nonzeroBitCount) } }

    var blocksOf16: UInt64 {
        let seen = UInt64(Set(first.map { $0 >> 16 }).count)
        return sketches.map { min(max($0.blocks.estimate, seen), 1 << 16) } ?? seen
    }
}
