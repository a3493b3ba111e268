// SPDX-License-Identifier: Apache-2.0

/// An IPv6 address.
package struct IPv6Address: Hashable, Comparable, Sendable {
    /// The first 64 bits as a number in host byte order: of 2001:db8::1 that is 0x2001_0DB8_0000_0000.
    package var high: UInt64
    /// The other 64 bits.
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Sixteen octets in the order of the packet; nil for any other number of octets.
    package init?(octets: some Collection<UInt8>) {
        guard octets.count == 16 else { return nil }
        high = octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = octets.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Parses the notations of RFC 4291, section 2.2, without a zone; anything else is nil.
    package init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2, let first = halves.first, let head = Self.groups(first, isLast: halves.count == 1),
            let tail = halves.count == 2 ? Self.groups(halves[1], isLast: true) : []
        else { return nil }
        let missing = 8 - head.count - tail.count
        guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
        let all = head + [UInt16](repeating: 0, count: missing) + tail
        high = all.prefix(4).reduce(0) { $0 << 16 | UInt64($1) }
        low = all.dropFirst(4).reduce(0) { $0 << 16 | UInt64($1) }
    }

    /// The groups between colons; the last two may be written as an IPv4 address.
    private static func groups(_ text: some StringProtocol, isLast: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if isLast && index == parts.count - 1, let address = IPv4Address(part) {
                groups += [UInt16(address.rawValue >> 16), UInt16(truncatingIfNeeded: address.rawValue)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ isHexDigit($0) }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    package static let unspecified = Self(high: 0, low: 0)

    /// The sixteen octets in the order of the packet.
    package var octets: [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8))) }
    }

    /// `::` exactly.
    package var isUnspecified: Bool { self == .unspecified }
    /// ff00::/8.
    package var isMulticast: Bool { high >> 56 == 0xFF }
    /// fe80::/10.
    package var isLinkLocal: Bool { high >> 54 == 0xFE80 >> 6 }
}

extension IPv6Address: CustomStringConvertible {
    /// As RFC 5952 wants it: lower case, the first of the longest runs of at least two zero groups as `::`, and an
    /// IPv4-mapped address with its last part in dotted decimal.
    package var description: String {
        if high == 0 && low >> 32 == 0xFFFF {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 % 4))) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard longest.count >= 2 else { return text(groups[...]) }
        return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
    }
}

private func isHexDigit(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
}
