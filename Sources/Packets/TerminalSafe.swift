// SPDX-License-Identifier: Apache-2.0

/// Untrusted octets as text that a terminal shows and never obeys: control characters (C0, DEL, C1), format and
/// direction controls, and octets that are not UTF-8 are written as `\xNN`, a backslash as two.
package func terminalSafe(bytes: some Sequence<UInt8>) -> String {
    var result = ""
    var rest = Array(bytes)[...]
    func escape(_ octets: some Sequence<UInt8>) { result += octets.map { "\\x" + hexByte($0) }.joined() }
    while !rest.isEmpty {
        // One scalar at a time, so that a bad octet is shown as itself and the text after it survives.
        var decoder = UTF8()
        var source = rest.prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&source) else {
            escape(rest.prefix(1))
            rest = rest.dropFirst()
            continue
        }
        let width = UTF8.width(scalar)
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            escape(rest.prefix(width))
        default:
            result += scalar == "\\" ? "\\\\" : String(Character(scalar))
        }
        rest = rest.dropFirst(width)
    }
    return result
}

/// `terminalSafe(bytes:)` of a string.
package func terminalSafe(_ text: String) -> String { terminalSafe(bytes: text.utf8) }
