// SPDX-License-Identifier: Apache-2.0

/// How many distinct numbers there were, in a kilobyte: HyperLogLog with 1,024 registers, whose standard error is 3 %, and
/// Ertl's estimator, which needs no correction for small or large numbers ("New cardinality estimation algorithms for
/// HyperLogLog sketches", 2017).
struct CardinalitySketch: Sendable {
    private static let precision = 10
    private static let count = 1 << precision
    /// The largest rank: a hash whose bits behind the register's number are all zero has one more than these.
    private static let ranks = 64 - precision

    private var registers = [UInt8](repeating: 0, count: count)

    mutating func insert(_ value: UInt32) {
        let hash = Self.mixed(UInt64(value))
        let register = Int(hash >> UInt64(Self.ranks))
        let rank = UInt8(min((hash << UInt64(Self.precision)).leadingZeroBitCount, Self.ranks) + 1)
        registers[register] = max(registers[register], rank)
    }

    var estimate: UInt64 {
        var histogram = [Int](repeating: 0, count: Self.ranks + 2)
        for register in registers { histogram[Int(register)] += 1 }
        let count = Double(Self.count)
        var sum = count * Self.tau(1 - Double(histogram[Self.ranks + 1]) / count)
        for rank in stride(from: Self.ranks, through: 1, by: -1) { sum = (sum + Double(histogram[rank])) / 2 }
        sum += count * Self.sigma(Double(histogram[0]) / count)
        let logarithmOfTwo = 0.693_147_180_559_945_3
        return UInt64(count * count / (2 * logarithmOfTwo * sum) + 0.5)
    }

    private static func sigma(_ start: Double) -> Double {
        guard start < 1 else { return .infinity }
        var (x, y, z, previous) = (start, 1.0, start, -1.0)
        while z != previous {
            x *= x
            previous = z
            z += x * y
            y += y
        }
        return z
    }

    private static func tau(_ start: Double) -> Double {
        guard start > 0 && start < 1 else { return 0 }
        var (x, y, z, previous) = (start, 1.0, 1 - start, -1.0)
        while z != previous {
            x = x.squareRoot()
            previous = z
            y /= 2
            z -= (1 - x) * (1 - x) * y
        }
        return z / 3
    }

    /// Spreads a number over all bits (the finalizer of SplitMix64).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var hash = value &+ 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }
}
