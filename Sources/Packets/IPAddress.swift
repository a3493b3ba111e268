// SPDX-License-Identifier: Apache-2.0

/// An address of either version of the protocol.
package enum IPAddress: Hashable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// Parses either notation; anything else is nil.
    package init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    package var isIPv6: Bool { if case .v6 = self { true } else { false } }
}

extension IPAddress: Comparable {
    /// IPv4 first.
    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// With the port behind it: an IPv6 address is in brackets then (RFC 3986, section 3.2.2).
    package func description(port: UInt16?) -> String {
        guard let port else { return description }
        return isIPv6 ? "[\(self)]:\(port)" : "\(self):\(port)"
    }
}

/// A block of addresses of either version, such as 192.0.2.0/24 or 2001:db8::/32. The host bits are always zero.
package enum IPPrefix: Hashable, Sendable {
    case v4(IPv4Prefix)
    /// Number of leading bits that are fixed: 0 to 128.
    case v6(IPv6Address, length: UInt8)

    /// The block of `length` bits that contains the address; more bits than there are count as all.
    package init(_ address: IPAddress, length: UInt8) {
        switch address {
        case .v4(let address):
            self = .v4(IPv4Prefix(address, length: length))
        case .v6(let address):
            let length = min(length, 128)
            // Shifting by 64 or more gives 0.
            let high = UInt64.max << UInt64(64 - min(length, 64))
            let low = UInt64.max << UInt64(128 - max(length, 64))
            self = .v6(IPv6Address(high: address.high & high, low: address.low & low), length: length)
        }
    }

    /// Parses `2001:db8::/32`, or a bare address as a block of itself. Nil for anything else.
    package init?(_ text: some StringProtocol) {
        if let prefix = IPv4Prefix(text) {
            self = .v4(prefix)
            return
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPv6Address(first) else { return nil }
        var length: UInt8 = 128
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let parsed = UInt8(parts[1]), parsed <= 128
            else { return nil }
            length = parsed
        }
        self.init(.v6(address), length: length)
    }

    /// The first address of the block.
    package var address: IPAddress {
        switch self {
        case .v4(let prefix): .v4(prefix.address)
        case .v6(let address, _): .v6(address)
        }
    }

    package var length: UInt8 {
        switch self {
        case .v4(let prefix): prefix.length
        case .v6(_, let length): length
        }
    }

    /// False for an address of the other version.
    package func contains(_ other: IPAddress) -> Bool { Self(other, length: length).address == address }
}

extension IPPrefix: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }
}

extension IPPrefix: CustomStringConvertible {
    /// As `ip route` writes it: a block of one as a bare address.
    package var description: String {
        switch self {
        case .v4(let prefix): prefix.description
        case .v6(let address, let length): length == 128 ? "\(address)" : "\(address)/\(length)"
        }
    }
}
