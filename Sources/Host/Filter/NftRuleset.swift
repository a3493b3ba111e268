// SPDX-License-Identifier: Apache-2.0
import Facts

/// What `nft -a list ruleset` says about reverse path checks: rules with a `fib` expression on the source that drop, or
/// that let pass what others behind them drop.
///
/// The text is untrusted: names and comments in it are chosen by whoever may change the ruleset. It may be megabytes,
/// so it is read as octets.
struct NftRuleset {
    private(set) var rules: [FilterRule] = []
    /// Families of tables that belong to iptables-nft; their rules are left out, because `nft` must not change them.
    let xtables: Set<String>

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
        self.xtables = Set(xtables.map(\.family))
        var chains: FilterChains?
        var chain: FilterChains.Name?
        var depth = 0
        var unfinished: [NftLine] = []
        for line in text.split(separator: newline) {
            let line = NftLine(line)
            let inner = depth + line.depthChange
            switch depth {
            case 0:
                // table FAMILY NAME {
                if line.words.count >= 3 && line.words[0] == "table" {
                    let table = Table(family: line.words[1].text, name: line.words[2].text)
                    append(chains)
                    let isOurs = Self.families.contains(table.family) && !xtables.contains(table)
                    chains = isOurs ? FilterChains(tool: .nft, family: table.family, table: table.name) : nil
                    chains?.hasHiddenWays = true
                }
                chain = nil
            case 1:
                chain = line.words.count >= 2 && line.words[0] == "chain" ? line.words[1].octets : nil
                if line.words.first == "flags" && line.words.dropFirst().contains(where: { $0.lists("owner") }) {
                    chains?.isLocked = true
                }
            default:
                // A rule with a chain of its own in braces goes over several lines.
                unfinished.append(line)
                if inner == 2 {
                    if let chain, chains != nil {
                        if let handle = line.handle {
                            let rule = Self.rule(unfinished, handle, position: (chains?[chain].rules.count ?? 0) + 1)
                            chains?[chain].rules.append(rule)
                        } else if line.words.first == "type" {
                            chains?[chain].place = Self.place(line.words)
                            chains?[chain].policyDrops = Self.policyDrops(line.words)
                        }
                    }
                    unfinished = []
                }
            }
            if inner < 2 { unfinished = [] }
            depth = max(inner, 0)
        }
        append(chains)
    }

    private static let families = ["ip", "ip6", "inet", "netdev"]

    private mutating func append(_ chains: FilterChains?) {
        guard let chains else { return }
        rules += chains.reversePathRules { Self.text($0.lines) }
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

    private static func rule(_ lines: [NftLine], _ handle: UInt64, position: Int) -> FilterChains.Rule {
        let words = lines.flatMap(\.words)
        var check: FilterChains.Check?
        if checksReversePath(words) {
            if words.contains(where: { $0 == "drop" || $0 == "reject" }) {
                check = .drops
            } else if words.contains(where: { $0 == "accept" || $0 == "return" }) {
                check = .passes
            } else if words.contains(where: { $0 == "jump" || $0 == "goto" }) {
                check = .sends
            }
        }
        let targets = words.indices.filter { words[$0] == "jump" || words[$0] == "goto" }.compactMap { index in
            index + 1 < words.count ? words[index + 1].name : nil
        }
        return FilterChains.Rule(
            position: position, handle: handle, lines: lines.map(\.content), check: check, isDrop: isDrop(words),
            targets: targets)
    }

    /// The lines as one: inside of braces a semicolon ends a rule.
    private static func text(_ lines: [ArraySlice<UInt8>]) -> String {
        var text = ""
        for (index, line) in lines.enumerated() {
            let line = String(decoding: line, as: UTF8.self)
            if index > 0 { text += " " }
            text += line
            if lines.count > 1 && index < lines.count - 1 && !line.hasSuffix("{") && !line.hasSuffix(";") {
                text += ";"
            }
        }
        return text
    }

    /// Drops or rejects without any condition.
    private static func isDrop(_ words: [NftWord]) -> Bool {
        for word in words {
            if word == "drop" || word == "reject" { return true }
            let isOther = ["counter", "packets", "bytes", "log", "prefix", "level", "flags", "group", "all"].contains {
                word == $0
            }
            let isNumber = word.octets.allSatisfy { (0x30...0x39).contains($0) }
            let isLevel = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"].contains { word == $0 }
            if !isOther && !isNumber && !isLevel { return false }
        }
        return false
    }

    /// `type filter hook prerouting priority mangle + 10; policy drop;`
    private static func place(_ words: [NftWord]) -> FilterRule.Place? {
        // The names of include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities, as nft has them.
        let priorities = ["raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100]
        guard let hook = value(of: "hook", words), let base = value(of: "priority", words),
            var priority = Int(base) ?? priorities[base], let at = words.firstIndex(where: { $0 == "priority" })
        else { return nil }
        if at + 3 < words.count, let offset = Int(words[at + 3].bare) {
            if words[at + 2] == "+" { priority += offset }
            if words[at + 2] == "-" { priority -= offset }
        }
        return FilterRule.Place(hook: hook, priority: priority)
    }

    private static func policyDrops(_ words: [NftWord]) -> Bool { value(of: "policy", words) == "drop" }

    private static func value(of name: NftWord, _ words: [NftWord]) -> String? {
        guard let at = words.firstIndex(of: name), at + 1 < words.count else { return nil }
        return words[at + 1].bare
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

    /// Without the comma or semicolon behind it.
    var name: ArraySlice<UInt8> {
        octets.last == UInt8(ascii: ",") || octets.last == UInt8(ascii: ";") ? octets.dropLast() : octets
    }

    var bare: String { String(decoding: name, as: UTF8.self) }

    /// Whether it is a list with this member: `owner,persist`.
    func lists(_ member: StaticString) -> Bool {
        octets.split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual(member.description.utf8) }
    }
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
    var content: ArraySlice<UInt8> {
        var text = line[..<end]
        while let octet = text.first, isSpace(octet) { text.removeFirst() }
        while let octet = text.last, isSpace(octet) { text.removeLast() }
        return text
    }

    private static func handle(_ comment: ArraySlice<UInt8>) -> UInt64? {
        let words = comment.split(separator: UInt8(ascii: " ")).map { NftWord($0) }
        return words.count == 3 && words[0] == "#" && words[1] == "handle" ? UInt64(words[2].text) : nil
    }
}

private func isSpace(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
