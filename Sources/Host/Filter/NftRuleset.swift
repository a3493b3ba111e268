// SPDX-License-Identifier: Apache-2.0
package import Facts

/// What `nft -a list ruleset` says about reverse path checks: rules with a `fib` expression on the source that drop.
///
/// The text is untrusted: names and comments in it are chosen by whoever may change the ruleset.
package struct NftRuleset {
    package private(set) var rules: [FilterRule] = []
    /// There are tables that belong to iptables-nft; their rules are left out, because `nft` must not change them.
    package let hasXtables: Bool

    private struct Table: Hashable {
        var family: String
        var name: String
    }

    /// `warnings`: what nft wrote to its standard error; which of the two tells of iptables-nft depends on its version.
    package init(_ text: String, warnings: String = "") {
        var xtables: Set<Table> = []
        for line in warnings.split(whereSeparator: \.isNewline) + text.split(whereSeparator: \.isNewline) {
            if let table = Self.xtablesTable(line) { xtables.insert(table) }
        }
        hasXtables = !xtables.isEmpty
        var table: Table?
        var chain: String?
        var position = 0
        var depth = 0
        var unfinished: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            let words = NftWords(line)
            let inner = depth + words.depthChange
            switch depth {
            case 0:
                // table FAMILY NAME {
                if words.texts.count >= 3 && words.texts[0] == "table" {
                    table = Table(family: String(words.texts[1]), name: String(words.texts[2]))
                }
            case 1:
                chain = words.texts.count >= 2 && words.texts[0] == "chain" ? String(words.texts[1]) : nil
                position = 0
            default:
                // A rule with a chain of its own in braces goes over several lines.
                unfinished.append(line)
                if inner == 2 {
                    if let table, !xtables.contains(table), let chain, let handle = words.handle {
                        position += 1
                        append(table, chain, position, handle, unfinished)
                    }
                    unfinished = []
                }
            }
            if inner < 2 { unfinished = [] }
            depth = max(inner, 0)
        }
    }

    /// `# Warning: table FAMILY NAME is managed by iptables-nft, do not touch!`
    private static func xtablesTable(_ line: Substring) -> Table? {
        let words = line.split(separator: " ")
        guard words.count > 7, words[0...2] == ["#", "Warning:", "table"], words[5...7] == ["is", "managed", "by"]
        else {
            return nil
        }
        return Table(family: String(words[3]), name: String(words[4]))
    }

    private mutating func append(
        _ table: Table, _ chain: String, _ position: Int, _ handle: UInt64, _ lines: [Substring]
    ) {
        guard ["ip", "inet", "netdev"].contains(table.family) else { return }
        let text = lines.map { NftWords($0).withoutHandle }.joined(separator: " ")
        let words = NftWords(text[...]).texts
        guard checksReversePath(words), words.contains("drop") || words.contains("reject"), !isOnlyForIPv6(words) else {
            return
        }
        rules.append(
            FilterRule(
                tool: .nft, family: table.family, table: table.name, chain: chain, handle: handle, position: position,
                text: text))
    }
}

/// `fib saddr [. mark] [. iif] oif|oifname|check …`; `fib saddr type` asks for something else.
private func checksReversePath(_ words: [Substring]) -> Bool {
    for start in words.indices where words[start] == "fib" {
        var keys: [Substring] = []
        var position = start + 1
        while position < words.count {
            keys.append(words[position])
            position += 1
            guard position < words.count, words[position] == "." else { break }
            position += 1
        }
        if keys.contains("saddr") && position < words.count
            && ["oif", "oifname", "check"].contains(words[position])
        {
            return true
        }
    }
    return false
}

private func isOnlyForIPv6(_ words: [Substring]) -> Bool {
    words.indices.contains { index in
        let previous = index > 0 ? words[index - 1] : ""
        switch words[index] {
        case "ip6", "icmpv6": return previous != "!="
        case "ipv6": return previous == "nfproto"
        default: return false
        }
    }
}

/// One line of a ruleset in words; a quoted string is none, so that nothing in it is taken for syntax.
private struct NftWords {
    private(set) var texts: [Substring] = []
    /// Opened minus closed braces.
    private(set) var depthChange = 0
    /// The number of a closing `# handle N`.
    private(set) var handle: UInt64?
    private let line: Substring
    private var commentStart: Substring.Index?

    init(_ line: Substring) {
        self.line = line
        var position = line.startIndex
        while position < line.endIndex {
            switch line[position] {
            case "\"":
                let rest = line[line.index(after: position)...]
                position = rest.firstIndex(of: "\"").map { line.index(after: $0) } ?? line.endIndex
            case "#":
                commentStart = position
                handle = Self.handle(line[position...])
                return
            case " ", "\t": position = line.index(after: position)
            default:
                let word = line[position...].prefix { $0 != " " && $0 != "\t" && $0 != "\"" }
                if word == "{" { depthChange += 1 }
                // `};` ends a set in a rule.
                if word.first == "}" { depthChange -= 1 }
                texts.append(word)
                position = word.endIndex
            }
        }
    }

    /// The line without a closing comment and the white space before it.
    var withoutHandle: Substring { trimmed(commentStart.map { line[..<$0] } ?? line) }

    private static func handle(_ comment: Substring) -> UInt64? {
        let words = comment.split(separator: " ")
        return words.count == 3 && words[0] == "#" && words[1] == "handle" ? UInt64(words[2]) : nil
    }
}

private func trimmed(_ line: Substring) -> Substring {
    var line = line
    while let first = line.first, first == " " || first == "\t" { line.removeFirst() }
    while let last = line.last, last == " " || last == "\t" { line.removeLast() }
    return line
}
