// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The functions that kernel addresses lie in, from /proc/kallsyms.
///
/// Nothing is read before the first question. The list has some hundred thousand lines and takes the kernel tens of
/// milliseconds to write, but a trace asks for a handful of addresses: each one is looked up once, in one pass that keeps
/// nothing but the answers.
package struct KernelSymbols {
    private let path: FilePath
    /// The answers so far; nil for an address that nothing is known of.
    private var names: [UInt64: String?] = [:]
    /// False once the list turned out to be hidden: the kernel writes zeros without CAP_SYSLOG.
    private var isReadable = true

    package init() { path = "/proc/kallsyms" }

    /// From a list of one's own, for tests.
    init(path: FilePath) { self.path = path }

    /// The name of the function at an address, without the offset into it; nil when it cannot be told.
    package mutating func name(of address: UInt64) -> String? {
        if let known = names[address] { return known }
        resolve([address])
        return names[address] ?? nil
    }

    /// Looks up several addresses at once, so that `name(of:)` finds them; cheaper than one after the other.
    package mutating func resolve(_ addresses: some Sequence<UInt64>) {
        let asked = Set(addresses).filter { names[$0] == nil && $0 != 0 }
        guard !asked.isEmpty else { return }
        for address in asked { names[address] = .some(nil) }
        guard isReadable, let list = try? readWhole(path, expecting: 16 << 20) else { return }

        // The function that begins last before an address holds it; the list is not sorted throughout.
        var best: [UInt64: (start: UInt64, name: Range<Int>)] = [:]
        var sawAddress = false
        Self.forEachSymbol(in: list) { start, type, name in
            sawAddress = sawAddress || start != 0
            guard [0x54, 0x74, 0x57, 0x77].contains(type) else { return }  // T, t, W and w: code
            for address in asked where start <= address && start > best[address]?.start ?? 0 {
                best[address] = (start, name)
            }
        }
        isReadable = sawAddress
        for (address, symbol) in best { names[address] = String(decoding: list[symbol.name], as: UTF8.self) }
    }

    /// Calls `body` with address, type letter and range of the name of every line `ffffffff81ff5870 t name [module]`.
    private static func forEachSymbol(in list: [UInt8], _ body: (UInt64, UInt8, Range<Int>) -> Void) {
        var index = 0
        while index < list.count {
            var address: UInt64 = 0
            while index < list.count, let digit = hexadecimalDigit(list[index]) {
                address = address << 4 | digit
                index += 1
            }
            let type = index + 1 < list.count ? list[index + 1] : 0
            let start = min(index + 3, list.count)
            var end = start
            while end < list.count, list[end] > 0x20 { end += 1 }
            body(address, type, start..<end)
            index = end
            while index < list.count, list[index] != 0x0A { index += 1 }
            index += 1
        }
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }
}
