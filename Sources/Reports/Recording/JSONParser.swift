// SPDX-License-Identifier: Apache-2.0

/// Reads one JSON text (RFC 8259). Its input may be hostile: nesting is limited, and nothing of it can stop the program.
///
/// Foundation's decoder would do, but wants a type for every shape and takes several times as long for each line.
struct JSONParser {
    enum Failure: Error, Hashable {
        /// The text ends inside a value.
        case truncated
        /// Octets that are not JSON, at this offset.
        case malformed(offset: Int)
        case tooDeep
    }

    /// Deeper than any event of ours.
    static let depthLimit = 32

    private let bytes: ArraySlice<UInt8>
    private var index: Int

    static func parse(_ bytes: ArraySlice<UInt8>) throws(Failure) -> JSONValue {
        var parser = Self(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.index == bytes.endIndex else { throw parser.malformed }
        return value
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    private var malformed: Failure { .malformed(offset: index - bytes.startIndex) }

    private mutating func skipSpace() {
        while index < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    /// The octet at the index, which must exist.
    private func peek() throws(Failure) -> UInt8 {
        guard index < bytes.endIndex else { throw .truncated }
        return bytes[index]
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth <= Self.depthLimit else { throw .tooDeep }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw malformed
        }
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        for expected in word.utf8 {
            guard try peek() == expected else { throw malformed }
            index += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        var members: [JSONValue.Member] = []
        index += 1
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw malformed }
            index += 1
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            guard try anotherFollows(before: UInt8(ascii: "}")) else { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        var elements: [JSONValue] = []
        index += 1
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth + 1))
            guard try anotherFollows(before: UInt8(ascii: "]")) else { return .array(elements) }
        }
    }

    /// Steps over a comma (true) or the closing octet (false).
    private mutating func anotherFollows(before closing: UInt8) throws(Failure) -> Bool {
        skipSpace()
        let octet = try peek()
        guard octet == UInt8(ascii: ",") || octet == closing else { throw malformed }
        index += 1
        return octet != closing
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = index
        var isInteger = true
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        if try peek() == UInt8(ascii: "0") { index += 1 } else { try digits() }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        if index < bytes.endIndex, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            let sign = try peek()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = UInt64(text) { return .unsigned(value) }
        if isInteger, let value = Int64(text) { return .signed(value) }
        return .double(Double(text) ?? 0)
    }

    /// At least one digit.
    private mutating func digits() throws(Failure) {
        guard (0x30...0x39).contains(try peek()) else { throw malformed }
        while index < bytes.endIndex, (0x30...0x39).contains(bytes[index]) { index += 1 }
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        let start = index
        while true {
            switch try peek() {
            case UInt8(ascii: "\""):
                let text = String(decoding: bytes[start..<index], as: UTF8.self)
                index += 1
                return text
            case UInt8(ascii: "\\"):
                return try stringWithEscapes(from: start)
            case 0..<0x20:
                throw malformed
            default:
                index += 1
            }
        }
    }

    private mutating func stringWithEscapes(from start: Int) throws(Failure) -> String {
        var octets = Array(bytes[start..<index])
        while true {
            let octet = try peek()
            switch octet {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: octets, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                let scalar = try escape()
                octets.append(contentsOf: String(scalar).utf8)
            case 0..<0x20:
                throw malformed
            default:
                octets.append(octet)
                index += 1
            }
        }
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        let octet = try peek()
        index += 1
        switch octet {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimal()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // A surrogate: only the first of a pair with the second right behind it makes a character.
            guard (0xD800..<0xDC00).contains(unit) else { throw malformed }
            for expected in "\\u".utf8 {
                guard try peek() == expected else { throw malformed }
                index += 1
            }
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
            else { throw malformed }
            return scalar
        default:
            index -= 1
            throw malformed
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch try peek() {
            case let octet where (0x30...0x39).contains(octet): digit = octet - 0x30
            case let octet where (0x41...0x46).contains(octet & 0xDF): digit = octet & 0xDF - 0x37
            default: throw malformed
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
