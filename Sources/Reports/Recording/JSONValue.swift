// SPDX-License-Identifier: Apache-2.0

/// A JSON value that was read.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case unsigned(UInt64)
    /// A negative integer.
    case signed(Int64)
    /// A number with a fraction or an exponent, or out of the range of integers.
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// In the order of the text; of a repeated name the last member counts.
    case object([Member])

    struct Member: Hashable, Sendable {
        var name: String
        var value: JSONValue
    }

    /// The member of that name; nil when there is none or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    var array: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// An integer that fits the type asked for; nil for everything else.
    func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        switch self {
        case .unsigned(let value): Number(exactly: value)
        case .signed(let value): Number(exactly: value)
        default: nil
        }
    }

    /// The strings of an array, others left out.
    var strings: [String] { array.compactMap(\.string) }
}
