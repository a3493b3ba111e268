// SPDX-License-Identifier: Apache-2.0

/// A block of IPv4 addresses, such as 192.0.2.0/24. The host bits of `address` are always zero.
package struct IPv4Prefix: Hashable, Comparable, Sendable {
    package let address: IPv4Address
    /// Number of leading bits that are fixed, 0 to 32.
    package let length: UInt8

    /// The block of `length` bits that contains `address`; the host bits are cleared. `length` above 32 counts as 32.
    package init(_ address: IPv4Address, length: UInt8) {
        self.length = min(length, 32)
        self.address = IPv4Address(rawValue: address.rawValue & Self.mask(length: self.length))
    }

    /// Parses `192.0.2.0/24`, or a bare address as its /32. Nil for anything else, and for set host bits when `strict`.
    package init?(_ text: some StringProtocol, strict: Bool = false) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPv4Address(first) else { return nil }
        var length: UInt8 = 32
        if parts.count == 2 {
            let digits = parts[1]
            guard (1...2).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let parsed = UInt8(digits), parsed <= 32
            else { return nil }
            length = parsed
        }
        self.init(address, length: length)
        if strict && self.address != address { return nil }
    }

    /// 0.0.0.0/0.
    package static let any = Self(.unspecified, length: 0)

    /// The network mask of a length as a number in host byte order.
    package static func mask(length: UInt8) -> UInt32 {
        length == 0 ? 0 : ~UInt32(0) << (32 - UInt32(min(length, 32)))
    }

    package var mask: UInt32 { Self.mask(length: length) }

    package func contains(_ other: IPv4Address) -> Bool { other.rawValue & mask == address.rawValue }
    package func contains(_ other: Self) -> Bool { other.length >= length && contains(other.address) }

    /// The narrowest block that contains both.
    package func common(with other: Self) -> Self {
        let differing = address.rawValue ^ other.address.rawValue
        return Self(address, length: min(UInt8(differing.leadingZeroBitCount), length, other.length))
    }

    /// The narrowest block that contains all; every address when there are none.
    package static func covering(_ blocks: some Sequence<Self>) -> Self {
        var result: Self?
        for block in blocks { result = result?.common(with: block) ?? block }
        return result ?? .any
    }

    /// The last address of the block, the subnet broadcast address of a block of at most 30 bits.
    package var last: IPv4Address { IPv4Address(rawValue: address.rawValue | ~mask) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }
}

extension IPv4Prefix: CustomStringConvertible {
    /// As `ip route` writes it: a /32 as a bare address.
    package var description: String { length == 32 ? "\(address)" : "\(address)/\(length)" }
}
