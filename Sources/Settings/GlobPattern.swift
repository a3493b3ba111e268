// SPDX-License-Identifier: Apache-2.0

/// Shell patterns as `fnmatch(3)` and `glob(3)` of the GNU library know them, over octets: `*`, `?`, `[…]` with ranges,
/// classes and negation, and a backslash before what stands for itself.
enum GlobPattern {
    /// What makes a key a pattern, for systemd and procps alike.
    static func isGlob(_ text: some Sequence<UInt8>) -> Bool {
        text.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
    }

    /// `fnmatch(3)` without flags: `*` goes over slashes and leading dots.
    static func matches(_ pattern: some Sequence<UInt8>, _ text: some Sequence<UInt8>) -> Bool {
        match(Array(pattern)[...], Array(text)[...])
    }

    /// Whether `glob(3)` of this component finds a directory entry of this name: a leading dot has to be written.
    static func finds(_ name: some Sequence<UInt8>, with component: some Sequence<UInt8>) -> Bool {
        let name = Array(name)
        let component = Array(component)
        if name.first == UInt8(ascii: ".") && isGlob(component) {
            let isWritten = component.first == UInt8(ascii: ".") || component.starts(with: [0x5C, UInt8(ascii: ".")])
            guard isWritten else { return false }
        }
        return match(component[...], name[...])
    }

    private static func match(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var pattern = pattern
        var text = text
        // Where to go on when what follows the last star does not fit: one octet further.
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
                continue
            }
            if text.isEmpty && pattern.isEmpty { return true }
            if let next = text.first, let rest = step(pattern, next) {
                pattern = rest
                text = text.dropFirst()
                continue
            }
            guard let last = retry, !last.text.isEmpty else { return false }
            retry = (last.pattern, last.text.dropFirst())
            pattern = last.pattern
            text = last.text.dropFirst()
        }
    }

    /// The rest of a pattern whose first element stands for this octet; nil when it does not.
    private static func step(_ pattern: ArraySlice<UInt8>, _ octet: UInt8) -> ArraySlice<UInt8>? {
        guard let first = pattern.first else { return nil }
        let rest = pattern.dropFirst()
        switch first {
        case UInt8(ascii: "?"): return rest
        case UInt8(ascii: "["):
            guard let set = BracketExpression(rest) else { return octet == first ? rest : nil }
            return set.contains(octet) ? set.rest : nil
        case UInt8(ascii: "\\"):
            guard let literal = rest.first else { return nil }
            return literal == octet ? rest.dropFirst() : nil
        default: return first == octet ? rest : nil
        }
    }
}

/// `[abc]`, `[a-z]`, `[!0-9]`, `[[:alpha:]]`.
private struct BracketExpression {
    private var ranges: [ClosedRange<UInt8>] = []
    private var classes: [[UInt8]] = []
    private var isNegated = false
    /// What follows the closing bracket.
    private(set) var rest: ArraySlice<UInt8>

    /// From what follows the opening bracket; nil when it is never closed, and stands for itself then.
    init?(_ text: ArraySlice<UInt8>) {
        rest = text
        if let first = rest.first, first == UInt8(ascii: "!") || first == UInt8(ascii: "^") {
            isNegated = true
            rest = rest.dropFirst()
        }
        var isFirst = true
        while let next = rest.first {
            if next == UInt8(ascii: "]") && !isFirst {
                rest = rest.dropFirst()
                return
            }
            isFirst = false
            if next == UInt8(ascii: "["), let name = Self.className(rest) {
                classes.append(Array(name))
                rest = rest.dropFirst(name.count + 4)
                continue
            }
            guard let low = Self.literal(&rest) else { return nil }
            guard rest.first == UInt8(ascii: "-"), let after = rest.dropFirst().first, after != UInt8(ascii: "]") else {
                ranges.append(low...low)
                continue
            }
            rest = rest.dropFirst()
            guard let high = Self.literal(&rest) else { return nil }
            if low <= high { ranges.append(low...high) }
        }
        return nil
    }

    private static func literal(_ text: inout ArraySlice<UInt8>) -> UInt8? {
        if text.first == UInt8(ascii: "\\") { text = text.dropFirst() }
        return text.popFirst()
    }

    /// The name in `[:name:]`.
    private static func className(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let inside = text.dropFirst()
        guard inside.first == UInt8(ascii: ":") else { return nil }
        let name = inside.dropFirst().prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        return text[name.endIndex...].starts(with: [UInt8(ascii: ":"), UInt8(ascii: "]")]) ? name : nil
    }

    func contains(_ octet: UInt8) -> Bool {
        let isIn = ranges.contains { $0.contains(octet) } || classes.contains { Self.isMember(octet, of: $0) }
        return isIn != isNegated
    }

    private static func isMember(_ octet: UInt8, of name: [UInt8]) -> Bool {
        let isDigit = (0x30...0x39).contains(octet)
        let isUpper = (0x41...0x5A).contains(octet)
        let isLower = (0x61...0x7A).contains(octet)
        switch String(decoding: name, as: UTF8.self) {
        case "alpha": return isUpper || isLower
        case "digit": return isDigit
        case "alnum": return isDigit || isUpper || isLower
        case "upper": return isUpper
        case "lower": return isLower
        case "xdigit": return isDigit || (0x41...0x46).contains(octet) || (0x61...0x66).contains(octet)
        case "space": return octet == 0x20 || (0x09...0x0D).contains(octet)
        case "blank": return octet == 0x20 || octet == 0x09
        case "punct": return (0x21...0x7E).contains(octet) && !isDigit && !isUpper && !isLower
        case "graph": return (0x21...0x7E).contains(octet)
        case "print": return (0x20...0x7E).contains(octet)
        case "cntrl": return octet < 0x20 || octet == 0x7F
        default: return false
        }
    }
}
