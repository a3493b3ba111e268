// SPDX-License-Identifier: Apache-2.0
package import Packets

/// One word of a POSIX shell command, quoted as far as it has to be.
///
/// Only literals of this program are taken as they stand; every other text is quoted, so nothing of an interface or
/// namespace name is ever seen by the shell or by a terminal as anything but a name.
package struct ShellWord: Hashable, Sendable {
    /// The word as it stands in a command line.
    package let text: String

    private init(verbatim text: String) { self.text = text }

    /// Octets as one word: bare when no shell gives any of them a meaning, in single quotes when they can be shown, and
    /// through `printf` with octal numbers when they are not UTF-8 or would be obeyed by a terminal.
    package init(quoting bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        if !bytes.isEmpty && bytes.allSatisfy(Self.isPlain) {
            text = String(decoding: bytes, as: UTF8.self)
        } else if Self.isShowable(bytes) {
            let content = String(decoding: bytes, as: UTF8.self)
            text =
                "'" + content.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        } else {
            text = "\"$(printf '" + bytes.map(Self.octal).joined() + "')\""
        }
    }

    package init(quoting text: String) { self.init(quoting: text.utf8) }

    package init(quoting name: InterfaceName) { self.init(quoting: name.bytes) }

    /// An argument of the form `fixed NAME fixed`, quoted as a whole.
    package init(_ prefix: StaticString, _ name: InterfaceName, _ suffix: String) {
        self.init(quoting: Array(prefix.description.utf8) + name.bytes + Array(suffix.utf8))
    }

    /// True when the octets can be shown on a terminal as they are.
    package static func isShowable(_ bytes: [UInt8]) -> Bool {
        // terminalSafe doubles backslashes, which a terminal does not mind.
        let withoutBackslashes = bytes.filter { $0 != 0x5C }
        return Array(terminalSafe(bytes: withoutBackslashes).utf8) == withoutBackslashes
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}

extension ShellWord: ExpressibleByStringLiteral {
    package init(stringLiteral value: StaticString) { self.init(verbatim: value.description) }
}
