// SPDX-License-Identifier: Apache-2.0

/// Octets written as hexadecimal digits; white space, and what follows a # on its line, is for the reader.
func octets(_ text: String) -> [UInt8] {
    let digits = text.split(separator: "\n").flatMap { line in line.prefix { $0 != "#" }.filter { $0.isHexDigit } }
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
}

/// Zero-terminated text in a field of a size.
func field(_ text: String, size: Int) -> [UInt8] {
    Array((Array(text.utf8) + [UInt8](repeating: 0, count: size)).prefix(size))
}
