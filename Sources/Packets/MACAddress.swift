// SPDX-License-Identifier: Apache-2.0

/// An Ethernet address.
package struct MACAddress: Hashable, Sendable {
    /// The six octets in the low 48 bits, first octet highest.
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// Six octets in the order of the frame; nil for any other number of octets.
    package init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        rawValue = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var isZero: Bool { rawValue == 0 }

    /// The six octets in the order of the frame.
    package var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * $0)) } }

    /// Lower case with colons, as `ip link` writes it.
    package var description: String { octets.map { hexByte($0) }.joined(separator: ":") }

}

extension MACAddress: CustomStringConvertible {}

/// Two lower-case hexadecimal digits.
package func hexByte(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.utf8.count == 1 ? "0" + digits : digits
}
