// SPDX-License-Identifier: Apache-2.0
import Packets

/// Builds one JSON text as UTF-8 octets in memory that is kept from one text to the next.
///
/// Separators come from the last octet written: outside a string it can only be `{`, `[`, `:` or the end of a value.
struct JSONBuffer {
    private(set) var bytes: [UInt8] = []

    /// Encoded octets that an untrusted string may take, quotes not counted. A longer one ends in an ellipsis.
    enum Limit {
        /// An interface name or a `comm`: 15 octets, six times as long when all of them are escaped.
        static let name = 96
        /// A name under /run/netns, a symbol.
        static let long = 256
        /// A sentence.
        static let text = 16_384
        /// Text that would be wrong when cut: the line as a whole is limited then.
        static let whole = 1 << 40
    }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    mutating func reserve(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Puts a literal in as it is.
    mutating func raw(_ literal: StaticString) {
        // A literal's octets are constants of the program.
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Puts in what another buffer encoded.
    mutating func append(_ fragment: [UInt8]) { bytes.append(contentsOf: fragment) }

    mutating func newline() { bytes.append(UInt8(ascii: "\n")) }

    // MARK: Structure

    mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func endObject() { bytes.append(UInt8(ascii: "}")) }

    mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
    }

    mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

    /// A member's name, which must need no escaping.
    mutating func key(_ name: StaticString) {
        raw(bytes.last == UInt8(ascii: "{") ? "\"" : ",\"")
        raw(name)
        raw("\":")
    }

    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "\n"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    mutating func object(_ name: StaticString, _ members: (inout Self) -> Void) {
        key(name)
        beginObject()
        members(&self)
        endObject()
    }

    mutating func array<Element>(
        _ name: StaticString, _ elements: some Sequence<Element>, _ write: (inout Self, Element) -> Void
    ) {
        key(name)
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }

    // MARK: Values

    mutating func null() {
        separate()
        raw("null")
    }

    mutating func bool(_ value: Bool) {
        separate()
        raw(value ? "true" : "false")
    }

    mutating func number(_ value: some FixedWidthInteger & UnsignedInteger) {
        separate()
        digits(UInt64(truncatingIfNeeded: value))
    }

    /// A number with one decimal.
    mutating func tenths(_ value: UInt64) {
        separate()
        digits(value / 10)
        bytes.append(UInt8(ascii: "."))
        digits(value % 10)
    }

    mutating func number(_ value: some FixedWidthInteger & SignedInteger) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(UInt64(truncatingIfNeeded: value.magnitude))
    }

    /// A string that the program itself made: it needs no escaping and has a known length.
    mutating func word(_ text: String) {
        separate()
        openString()
        bytes.append(contentsOf: text.utf8)
        closeString()
    }

    /// Any text, cut to `limit` encoded octets.
    mutating func string(_ text: String, limit: Int = Limit.text) {
        separate()
        openString()
        content(text, limit: limit)
        closeString()
    }

    mutating func string(_ name: InterfaceName) {
        separate()
        openString()
        content(name)
        closeString()
    }

    mutating func address(_ address: IPv4Address) {
        separate()
        openString()
        content(address)
        closeString()
    }

    mutating func address(_ address: IPAddress) {
        separate()
        openString()
        content(address)
        closeString()
    }

    /// Always with its length: `2001:db8::1/128`.
    mutating func prefix(_ prefix: IPPrefix) {
        separate()
        openString()
        content(prefix.address)
        bytes.append(UInt8(ascii: "/"))
        digits(UInt64(prefix.length))
        closeString()
    }

    /// Always with its length: `192.0.2.1/32`.
    mutating func prefix(_ prefix: IPv4Prefix) {
        separate()
        openString()
        content(prefix.address)
        bytes.append(UInt8(ascii: "/"))
        digits(UInt64(prefix.length))
        closeString()
    }

    /// Upper case with hyphens (RFC 7042), as ECS wants it.
    mutating func mac(_ address: MACAddress) {
        separate()
        openString()
        for octet in 0..<6 {
            if octet > 0 { bytes.append(UInt8(ascii: "-")) }
            let value = UInt8(truncatingIfNeeded: address.rawValue >> UInt64(40 - 8 * octet))
            bytes.append(Self.hexDigit(value >> 4, letters: UInt8(ascii: "A")))
            bytes.append(Self.hexDigit(value & 0xF, letters: UInt8(ascii: "A")))
        }
        closeString()
    }

    /// RFC 3339 in UTC with nine fraction digits.
    mutating func time(_ time: WallTime) {
        separate()
        openString()
        let civil = CivilTime(time)
        digits(civil.year, width: 4)
        bytes.append(UInt8(ascii: "-"))
        digits(civil.month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        digits(civil.day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        digits(civil.hour, width: 2)
        bytes.append(UInt8(ascii: ":"))
        digits(civil.minute, width: 2)
        bytes.append(UInt8(ascii: ":"))
        digits(civil.second, width: 2)
        bytes.append(UInt8(ascii: "."))
        digits(civil.nanosecond, width: 9)
        bytes.append(UInt8(ascii: "Z"))
        closeString()
    }

    /// The value, or null when there is none.
    mutating func optional<Value>(_ value: Value?, _ write: (inout Self, Value) -> Void) {
        if let value { write(&self, value) } else { null() }
    }

    // MARK: Parts of strings

    mutating func openString() { bytes.append(UInt8(ascii: "\"")) }
    /// Our own text inside a string.
    mutating func word(part text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func closeString() { bytes.append(UInt8(ascii: "\"")) }

    mutating func content(_ address: IPAddress) {
        switch address {
        case .v4(let address): content(address)
        case .v6(let address): bytes.append(contentsOf: address.description.utf8)
        }
    }

    mutating func content(_ address: IPv4Address) {
        let value = address.rawValue
        digits(UInt64(value >> 24))
        bytes.append(UInt8(ascii: "."))
        digits(UInt64(value >> 16 & 0xFF))
        bytes.append(UInt8(ascii: "."))
        digits(UInt64(value >> 8 & 0xFF))
        bytes.append(UInt8(ascii: "."))
        digits(UInt64(value & 0xFF))
    }

    mutating func content(_ name: InterfaceName, limit: Int = Limit.name) {
        if name.bytes.count <= limit && name.bytes.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: name.bytes)
        } else {
            escaped(name.text, limit: limit)
        }
    }

    mutating func content(_ text: String, limit: Int) {
        let octets = text.utf8
        if octets.count <= limit && octets.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: octets)
        } else {
            escaped(text, limit: limit)
        }
    }

    /// Lower-case hexadecimal digits of raw octets.
    mutating func hex(_ octets: some Collection<UInt8>) { longHex(octets.prefix(Limit.name / 2)) }

    /// All of them, however many.
    mutating func longHex(_ octets: some Collection<UInt8>) {
        separate()
        openString()
        for octet in octets {
            bytes.append(Self.hexDigit(octet >> 4, letters: UInt8(ascii: "a")))
            bytes.append(Self.hexDigit(octet & 0xF, letters: UInt8(ascii: "a")))
        }
        closeString()
    }

    mutating func digits(_ value: UInt64, width: Int = 1) {
        if value < 10 && width <= 1 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
            return
        }
        var reversed = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var count = 0
        var rest = value
        while rest > 0 || count < width {
            reversed[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            count += 1
        }
        while count > 0 {
            count -= 1
            bytes.append(reversed[count])
        }
    }

    /// Printable ASCII that stands for itself in a JSON string.
    private static func isPlain(_ octet: UInt8) -> Bool {
        octet >= 0x20 && octet < 0x7F && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }

    private static func hexDigit(_ value: UInt8, letters: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : letters + value - 10
    }

    /// Escapes what JSON demands, and what a terminal would obey when somebody looks at the file.
    private mutating func escaped(_ text: String, limit: Int) {
        let ellipsis = "…"
        let end = bytes.count + limit
        // Where the text can still be cut and leave room for the ellipsis.
        var cut = bytes.count
        for scalar in text.unicodeScalars {
            if bytes.count + ellipsis.utf8.count <= end { cut = bytes.count }
            escape(scalar)
            if bytes.count > end {
                bytes.removeSubrange(cut...)
                if limit >= ellipsis.utf8.count { bytes.append(contentsOf: ellipsis.utf8) }
                return
            }
        }
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": raw("\\\"")
        case "\\": raw("\\\\")
        case "\n": raw("\\n")
        case "\t": raw("\\t")
        case "\r": raw("\\r")
        case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                for unit in String(scalar).utf16 {
                    raw("\\u")
                    for shift in [12, 8, 4, 0] as [UInt16] {
                        let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
                        bytes.append(Self.hexDigit(digit, letters: UInt8(ascii: "a")))
                    }
                }
            default:
                bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
    }
}
