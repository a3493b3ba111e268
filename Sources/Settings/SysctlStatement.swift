// SPDX-License-Identifier: Apache-2.0
import Facts

/// A line of a configuration file as its reader takes it.
package struct SysctlStatement: Hashable, Sendable {
    /// The file, and the line in it from 1.
    package var path: String
    package var line: Int
    package var text: String
    /// The path under /proc/sys as the reader writes it, without leading slash; a pattern when `isGlob`.
    let key: [UInt8]
    /// Nil: keeps patterns off the key.
    let value: [UInt8]?
    let isGlob: Bool
    /// The key's components; nil when the path goes back up.
    private let components: [Component]?

    private struct Component: Hashable {
        var text: [UInt8]
        var isGlob: Bool

        func covers(_ name: [UInt8]) -> Bool { isGlob ? GlobPattern.finds(name, with: text) : text == name }
    }

    /// Nil for what the reader passes over.
    init?(_ line: SysctlLine, of path: String, dialect: SysctlDialect) {
        let isSystemd = dialect.family == .systemd
        var text = Self.stripped(Array(line.text.utf8)[...], isSystemd)
        guard let first = text.first, text.count >= 2 || isSystemd, first != UInt8(ascii: "#"),
            first != UInt8(ascii: ";")
        else { return nil }
        let isMarked = first == UInt8(ascii: "-")
        if isMarked { text = text.dropFirst() }
        if let equals = text.firstIndex(of: UInt8(ascii: "=")) {
            value = Array(Self.stripped(text[text.index(after: equals)...], isSystemd))
            text = text[..<equals]
        } else {
            guard isMarked, dialect.hasGlobs else { return nil }
            value = nil
        }
        // procps leaves the space between a minus and the key, which then names nothing.
        text = isSystemd ? Self.stripped(text, true) : Self.strippedBehind(text)
        let normalized = Self.normalized(Array(text))
        key = isSystemd ? Self.simplified(normalized) : normalized
        let parts = key.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map(Array.init)
        isGlob = dialect.hasGlobs && GlobPattern.isGlob(key)
        // In a pattern a backslash takes the meaning from what follows it, in every component.
        let isPattern = isGlob
        components =
            parts.contains { $0.elementsEqual("..".utf8) }
            ? nil
            : parts.map { part in
                let isSpecial = GlobPattern.isGlob(part) || part.contains(UInt8(ascii: "\\"))
                return Component(text: part, isGlob: isPattern && isSpecial)
            }
        self.path = path
        self.line = line.number
        self.text = line.text
    }

    /// `/etc/sysctl.d/60-lab.conf:3`.
    package var place: String { "\(path):\(line)" }

    /// Whether an assignment writes to this path; what keeps it off is not looked at.
    func covers(_ path: [[UInt8]]) -> Bool {
        guard let components, components.count == path.count else { return false }
        // From behind: most lines are about other keys, then about other interfaces.
        return zip(components.reversed(), path.reversed()).allSatisfy { $0.covers($1) }
    }

    /// A path that a pattern found, as `glob(3)` writes it: with the pattern's own separators.
    func spelling(of path: [[UInt8]]) -> [UInt8] {
        var rest = path[...]
        let parts = key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { part in
            part.isEmpty || part.elementsEqual(".".utf8) ? Array(part) : rest.popFirst() ?? []
        }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    /// What the first separator is decides: a slash leaves all as it is, a dot makes slashes of dots and dots of slashes.
    private static func normalized(_ key: [UInt8]) -> [UInt8] {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        guard key.first(where: { $0 == dot || $0 == slash }) == dot else { return key }
        return key.map { $0 == dot ? slash : $0 == slash ? dot : $0 }
    }

    /// Without repeated, leading and trailing slashes and without components `.`.
    private static func simplified(_ key: [UInt8]) -> [UInt8] {
        let parts = key.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    private static func stripped(_ text: ArraySlice<UInt8>, _ isSystemd: Bool) -> ArraySlice<UInt8> {
        let rest = text.drop { isSpace($0, isSystemd) }
        guard let last = rest.lastIndex(where: { !isSpace($0, isSystemd) }) else { return rest.prefix(0) }
        return rest[...last]
    }

    private static func strippedBehind(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let last = text.lastIndex(where: { !isSpace($0, false) }) else { return text.prefix(1) }
        return text[...last]
    }

    private static func isSpace(_ octet: UInt8, _ isSystemd: Bool) -> Bool {
        switch octet {
        case 0x20, 0x09, 0x0A, 0x0D: true
        case 0x0B, 0x0C: !isSystemd
        default: false
        }
    }
}
