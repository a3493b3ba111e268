// SPDX-License-Identifier: Apache-2.0
import Facts

/// What `nft -a list ruleset` says about reverse path checks: rules with a `fib` expression on the source that drop.
///
/// The text is untrusted: names and comments in it are chosen by whoever may change the ruleset. It may be megabytes,
/// so it is read as octets.
struct NftRuleset {
    private(set) var rules: [FilterRule] = []
    /// There are tables that belong to iptables-nft; their rules are left out, because `nft` must not change them.
    let hasXtables: Bool

    private struct Table: Hashable {
        var family: String
        var name: String
    }

    /// `warnings`: what nft wrote to its standard error; which of the two tells of iptables-nft depends on its version.
    init(_ text: [UInt8], warnings: [UInt8] = []) {
        var xtables: Set<Table> = []
        for line in warnings.split(separator: newline) + text.split(separator: newline) {
            if let table = Self.xtablesTable(line) { xtables.insert(table) }
        }
        hasXtables = !xtables.isEmpty
        var table: Table?
        var chain: String?
        var position = 0
        var depth = 0
        var unfinished: [NftLine] = []
        for line in text.split(separator: newline) {
            let line = NftLine(line)
            let inner = depth + line.depthChange
            switch depth {
            case 0:
                // table FAMILY NAME {
                if line.words.count >= 3 && line.words[0] == "table" {
                    table = Table(family: line.words[1].text, name: line.words[2].text)
                }
            case 1:
                chain = line.words.count >= 2 && line.words[0] == "chain" ? line.words[1].text : nil
                position = 0
            default:
                // A rule with a chain of its own in braces goes over several lines.
                unfinished.append(line)
                if inner == 2 {
                    if let table, !xtables.contains(table), let chain, let handle = line.handle {
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
    private static func xtablesTable(_ line: ArraySlice<UInt8>) -> Table? {
        guard line.first == UInt8(ascii: "#") else { return nil }
        let words = line.split(separator: UInt8(ascii: " ")).map { NftWord($0) }
        guard words.count > 7, words[1] == "Warning:", words[2] == "table", words[5] == "is", words[6] == "managed",
            words[7] == "by"
        else { return nil }
        return Table(family: words[3].text, name: words[4].text)
    }

    private mutating func append(
        _ table: Table, _ chain: String, _ position: Int, _ handle: UInt64, _ lines: [NftLine]
    ) {
        guard ["ip", "inet", "netdev"].contains(table.family) else { return }
        let words = lines.flatMap(\.words)
        guard checksReversePath(words), words.contains("drop") || words.contains("reject"), !isOnlyForIPv6(words) else {
            return
        }
        rules.append(
            FilterRule(
                tool: .nft, family: table.family, table: table.name, chain: chain, handle: handle, position: position,
                text: lines.map(\.textWithoutHandle).joined(separator: " ")))
    }
}

private let newline = UInt8(ascii: "\n")

/// `fib saddr [. mark] [. iif] oif|oifname|check …`; `fib saddr type` asks for something else.
private func checksReversePath(_ words: [NftWord]) -> Bool {
    for start in words.indices where words[start] == "fib" {
        var keys: [NftWord] = []
        var position = start + 1
        while position < words.count {
            keys.append(words[position])
            position += 1
            guard position < words.count, words[position] == "." else { break }
            position += 1
        }
        guard keys.contains("saddr"), position < words.count else { continue }
        if ["oif", "oifname", "check"].contains(words[position]) { return true }
    }
    return false
}

private func isOnlyForIPv6(_ words: [NftWord]) -> Bool {
    words.indices.contains { index in
        let previous: NftWord = index > 0 ? words[index - 1] : ""
        if words[index] == "ip6" || words[index] == "icmpv6" { return previous != "!=" }
        return words[index] == "ipv6" && previous == "nfproto"
    }
}

/// A word of a ruleset.
private struct NftWord: Equatable, ExpressibleByStringLiteral {
    let octets: ArraySlice<UInt8>

    init(_ octets: ArraySlice<UInt8>) {
        self.octets = octets
    }

    init(stringLiteral text: String) {
        octets = Array(text.utf8)[...]
    }

    var text: String { String(decoding: octets, as: UTF8.self) }
}

/// One line of a ruleset in words; a quoted string is none, so that nothing in it is taken for syntax.
private struct NftLine {
    private(set) var words: [NftWord] = []
    /// Opened minus closed braces.
    private(set) var depthChange = 0
    /// The number of a closing `# handle N`.
    private(set) var handle: UInt64?
    private let line: ArraySlice<UInt8>
    private var end: Int

    init(_ line: ArraySlice<UInt8>) {
        self.line = line
        end = line.endIndex
        var position = line.startIndex
        while position < line.endIndex {
            switch line[position] {
            case UInt8(ascii: "\""):
                position = line[(position + 1)...].firstIndex(of: UInt8(ascii: "\"")).map { $0 + 1 } ?? line.endIndex
            case UInt8(ascii: "#"):
                end = position
                handle = Self.handle(line[position...])
                return
            case let octet where isSpace(octet): position += 1
            case let octet:
                let start = position
                while position < line.endIndex, !isSpace(line[position]), line[position] != UInt8(ascii: "\"") {
                    position += 1
                }
                if octet == UInt8(ascii: "{") && position == start + 1 { depthChange += 1 }
                // `};` ends a set in a rule.
                if octet == UInt8(ascii: "}") { depthChange -= 1 }
                words.append(NftWord(line[start..<position]))
            }
        }
    }

    /// The line without a closing comment and the white space around it.
    var textWithoutHandle: String {
        var text = line[..<end]
        while let octet = text.first, isSpace(octet) { text.removeFirst() }
        while let octet = text.last, isSpace(octet) { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    private static func handle(_ comment: ArraySlice<UInt8>) -> UInt64? {
        let words = comment.split(separator: UInt8(ascii: " ")).map { NftWord($0) }
        return words.count == 3 && words[0] == "#" && words[1] == "handle" ? UInt64(words[2].text) : nil
    }
}

private func isSpace(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
