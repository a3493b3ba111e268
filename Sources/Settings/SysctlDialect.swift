// SPDX-License-Identifier: Apache-2.0
package import Facts

/// What a reader of sysctl.d does that another does not.
package struct SysctlDialect: Hashable, Sendable {
    package enum Family: Hashable, Sendable {
        case systemd
        case procps
    }

    package var family: Family
    /// The reader as a person calls it: `systemd-sysctl 252`.
    package var name: String
    /// Indices of `SysctlSources.directories`, the one that wins first.
    var directories: [Int]
    /// A key may be a pattern, and `-key` without a value keeps patterns off it.
    var hasGlobs: Bool
    /// `-pattern` keeps patterns off all that it matches, and not only off a key of exactly that spelling.
    var hasPatternExclusions: Bool
    /// A value that is in force already is not written: the kernel does not notice that somebody wants it.
    var sparesRedundantWrites: Bool

    /// Nil when nobody reads the files.
    package init?(_ reader: SysctlSources.Reader) {
        let order = Array(SysctlSources.directories.indices)
        switch reader {
        case .none: return nil
        case .systemd(let version):
            family = .systemd
            name = "systemd-sysctl" + (version.map { " \($0)" } ?? "")
            directories = order
            // Version 245 brought patterns, with the 50-default.conf that uses them.
            hasGlobs = version.map { $0 >= 245 } ?? true
            hasPatternExclusions = false
            // Since September 2021 (pull request 20676).
            sparesRedundantWrites = version.map { $0 >= 250 } ?? true
        case .procps(let version):
            family = .procps
            name = "procps" + (version.map { " \($0)" } ?? "")
            let numbers = version?.split(separator: ".").map { Int($0) ?? 0 } ?? []
            func isAtLeast(_ other: [Int]) -> Bool { version == nil || !numbers.lexicographicallyPrecedes(other) }
            // 3.3.17 put /etc before /run, as systemd has it; 4.0 brought patterns.
            directories = isAtLeast([3, 3, 17]) ? order : [1, 0, 2, 3, 4]
            hasGlobs = isAtLeast([4, 0])
            // 4.0.2 compares an exclusion with the path as text.
            hasPatternExclusions = isAtLeast([4, 0, 3])
            sparesRedundantWrites = false
        }
    }

    /// systemd's udev rule applies the files to each interface that is added, except lo (`99-systemd.rules`).
    package var appliesToNewInterfaces: Bool { family == .systemd }
    var readsLastFile: Bool { family == .procps }
    /// systemd passes over names that begin with a dot.
    func reads(_ name: String) -> Bool {
        name.utf8.suffix(5).elementsEqual(".conf".utf8) && (family == .procps || name.utf8.first != UInt8(ascii: "."))
    }
}
