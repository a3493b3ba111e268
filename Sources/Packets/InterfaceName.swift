// SPDX-License-Identifier: Apache-2.0

/// A network interface's name: up to 15 octets, any but `/`, `:` and white space (`net/core/dev.c`, dev_valid_name).
///
/// Names come from whoever may create interfaces, so they are untrusted: terminal escapes and shell metacharacters are
/// legal in them. Print `display`, quote `display` or `bytes` for a shell, and use `bytes` to ask the kernel.
package struct InterfaceName: Hashable, Sendable {
    package let bytes: [UInt8]

    /// The octets up to the first zero.
    package init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes.prefix { $0 != 0 })
    }

    package init(_ text: String) {
        self.init(bytes: text.utf8)
    }

    /// The name as text; octets that are not UTF-8 become U+FFFD. Control characters stay: see `display`.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// True when `text` is the name without loss.
    package var isValidUTF8: Bool { Array(text.utf8) == bytes }

    /// The name as lower-case hexadecimal digits, the lossless form for names that are not UTF-8.
    package var hex: String { bytes.map { hexByte($0) }.joined() }

    /// The name for a terminal: control characters and octets that are not UTF-8 are written as `\xNN`.
    package var display: String { terminalSafe(bytes: bytes) }
}

extension InterfaceName: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension InterfaceName: CustomStringConvertible {
    package var description: String { display }
}
