// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// What the machine calls itself, and counters that belong to all of it.
package enum HostInformation {
    /// The host's name, which its administrator chose; `localhost` when it has none.
    package static var name: String {
        guard let name = Files.line("/proc/sys/kernel/hostname"), !name.isEmpty else { return "localhost" }
        return name
    }

    /// The kernel's release, such as 6.18.44.
    package static var kernelRelease: String { Files.line("/proc/sys/kernel/osrelease") ?? "unknown" }

    /// `uname -m`, such as x86_64.
    package static var architecture: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &names.machine) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    package static var isRoot: Bool { geteuid() == 0 }

    /// `in_martian_src` of /proc/net/stat/rt_cache over all CPUs; nil when it cannot be read. It is one number for all
    /// namespaces, and the questions of `ReversePathOracle` and `ip route get` count too: information, never proof.
    package static var martianSources: UInt64? {
        Files.contents("/proc/self/net/stat/rt_cache").flatMap { columnSum("in_martian_src", in: $0) }
    }
}

/// The sum of a column of a /proc/net/stat file: a line of names, then a line of hexadecimal numbers for each CPU.
func columnSum(_ name: String, in text: [UInt8]) -> UInt64? {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    guard let names = lines.first?.split(separator: " "), let column = names.firstIndex(where: { $0 == name }) else {
        return nil
    }
    return lines.dropFirst().reduce(0) { sum, line in
        let fields = line.split(separator: " ")
        return sum + (column < fields.count ? UInt64(fields[column], radix: 16) ?? 0 : 0)
    }
}
