// SPDX-License-Identifier: Apache-2.0

/// How the kernel reads a number that is written to a sysctl (`kernel/sysctl.c`, proc_dointvec and proc_get_long).
enum KernelInteger {
    /// The first number of the text, in decimal, octal (`010`) or hexadecimal (`0x10`); what follows it after white space
    /// is ignored. Nil when the kernel refuses the text.
    static func parse(_ text: some Sequence<UInt8>) -> Int32? {
        var rest = Array(text).drop(while: isSpace)
        var isNegative = false
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest = rest.dropFirst()
        }
        guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
        var radix: UInt64 = 10
        if first == UInt8(ascii: "0") {
            radix = 8
            let mark = rest.dropFirst().first
            if mark == UInt8(ascii: "x") || mark == UInt8(ascii: "X"), rest.dropFirst(2).first.flatMap(hexDigit) != nil
            {
                radix = 16
                rest = rest.dropFirst(2)
            }
        }
        var value: UInt64 = 0
        var length = 0
        while let digit = rest.first.flatMap(hexDigit), digit < radix {
            value = value * radix + digit
            length += 1
            rest = rest.dropFirst()
            guard value <= UInt64(Int32.max) + 1, length < lengthLimit else { return nil }
        }
        guard rest.first.map({ isSeparator($0) }) ?? true else { return nil }
        return Int32(exactly: isNegative ? -Int64(value) : Int64(value))
    }

    /// TMPBUFLEN: a longer number is refused.
    private static let lengthLimit = 21

    private static func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }
    private static func isSeparator(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0A }

    private static func hexDigit(_ octet: UInt8) -> UInt64? {
        switch octet {
        case 0x30...0x39: UInt64(octet - 0x30)
        case 0x41...0x46: UInt64(octet - 0x41 + 10)
        case 0x61...0x66: UInt64(octet - 0x61 + 10)
        default: nil
        }
    }
}
