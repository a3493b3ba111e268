// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address.
package struct IPv4Address: Hashable, Comparable, Sendable {
    /// The address as a number in host byte order: 192.0.2.1 is 0xC000_0201.
    package var rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The address from four octets as they stand in a packet (network byte order) and so as a kernel `__be32` reads in memory.
    package init(bigEndian value: UInt32) {
        rawValue = UInt32(bigEndian: value)
    }

    /// Parses dotted-quad notation; anything else (shorthand, octal, white space) is nil.
    package init?(_ text: some StringProtocol) {
        var value: UInt32 = 0
        var octets = 0
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard octets < 4, (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part == "0" || part.utf8.first != 0x30, let octet = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(octet)
            octets += 1
        }
        guard octets == 4 else { return nil }
        rawValue = value
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package static let unspecified = Self(rawValue: 0)
    package static let loopback = Self(rawValue: 0x7F00_0001)
    package static let limitedBroadcast = Self(rawValue: 0xFFFF_FFFF)

    /// 0.0.0.0 exactly: the kernel's check treats 0.0.0.1 as an ordinary address (`net/ipv4/route.c`, ip_route_input_slow).
    package var isUnspecified: Bool { rawValue == 0 }
    /// 127.0.0.0/8.
    package var isLoopback: Bool { rawValue >> 24 == 127 }
    /// 224.0.0.0/4.
    package var isMulticast: Bool { rawValue >> 28 == 0xE }
    /// 255.255.255.255.
    package var isLimitedBroadcast: Bool { self == .limitedBroadcast }
}

extension IPv4Address: CustomStringConvertible {
    package var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 0xFF).\(rawValue >> 8 & 0xFF).\(rawValue & 0xFF)"
    }
}
