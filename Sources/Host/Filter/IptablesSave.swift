// SPDX-License-Identifier: Apache-2.0
import Facts

/// The rules with an `rpfilter` match in what `iptables-save` or `ip6tables-save` wrote. `command` is the program that
/// changes them.
///
/// The text is untrusted: comments in it are chosen by whoever may change the rules. It may be megabytes, so it is read
/// as octets.
func reversePathRules(iptablesSave text: [UInt8], command: String) -> [FilterRule] {
    let space = UInt8(ascii: " ")
    let family = command.hasPrefix("ip6") ? "ip6" : "ip"
    var result: [FilterRule] = []
    var chains = FilterChains(tool: .iptables(command: command), family: family, table: "")
    func finish() {
        result += chains.reversePathRules { rule in
            rule.lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
    }
    for line in text.split(separator: UInt8(ascii: "\n")) {
        if line.first == UInt8(ascii: "*") {
            finish()
            chains = FilterChains(
                tool: .iptables(command: command), family: family,
                table: String(decoding: line.dropFirst(), as: UTF8.self))
            continue
        }
        if line.first == UInt8(ascii: ":") {
            // :CHAIN POLICY [packets:bytes]
            let fields = line.dropFirst().split(separator: space)
            guard fields.count >= 2 else { continue }
            chains[fields[0]].isUserDefined = fields[1].elementsEqual("-".utf8)
            chains[fields[0]].policyDrops = fields[1].elementsEqual("DROP".utf8)
            chains[fields[0]].place = place(of: fields[0], in: chains.table)
            continue
        }
        // -A CHAIN rest of the rule
        let fields = line.split(separator: space, maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0].elementsEqual("-A".utf8) else { continue }
        let words = words(fields[2])
        chains[fields[1]].rules.append(
            FilterChains.Rule(
                position: chains[fields[1]].rules.count + 1, lines: [fields[2]], check: check(words),
                isDrop: isDrop(words), targets: target(words).map { [$0] } ?? []))
    }
    finish()
    return result
}

/// Where the kernel calls a table's own chains (`include/uapi/linux/netfilter_ipv4.h`, enum nf_ip_hook_priorities).
private func place(of chain: ArraySlice<UInt8>, in table: String) -> FilterRule.Place? {
    let hooks = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
    let priorities = ["raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50]
    guard let hook = hooks.first(where: { chain.elementsEqual($0.utf8) }), let priority = priorities[table] else {
        return nil
    }
    return FilterRule.Place(hook: hook.lowercased(), priority: priority)
}

/// What a rule with `-m rpfilter` does; nil for any other.
private func check(_ words: [ArraySlice<UInt8>]) -> FilterChains.Check? {
    guard zip(words, words.dropFirst()).contains(where: { $0 == "-m" && $1 == "rpfilter" }) else { return nil }
    let target = target(words)
    if target == "DROP" || target == "REJECT" { return .drops }
    if target == "ACCEPT" || target == "RETURN" { return .passes }
    return words.contains { $0 == "--invert" } ? .sends : .passes
}

/// A rule that nothing but a comment stands beside.
private func isDrop(_ words: [ArraySlice<UInt8>]) -> Bool {
    var rest = words[...]
    if rest.count >= 2, rest.first == "-m", rest.dropFirst().first == "comment" { rest = rest.dropFirst(2) }
    // The comment itself stands in quotes, or is a word.
    if rest.first == "--comment" { rest = rest.drop { !($0 == "-j") } }
    let target = rest.dropFirst().first
    return rest.first == "-j" && (target == "DROP" || target == "REJECT")
}

private func target(_ words: [ArraySlice<UInt8>]) -> ArraySlice<UInt8>? {
    zip(words, words.dropFirst()).first { $0.0 == "-j" || $0.0 == "-g" }?.1
}

/// The words outside of quotes, in which a backslash escapes.
private func words(_ rule: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var words: [ArraySlice<UInt8>] = []
    var isQuoted = false
    var start: Int?
    var position = rule.startIndex
    while position < rule.endIndex {
        let octet = rule[position]
        if isQuoted {
            if octet == UInt8(ascii: "\\") {
                position += 1
            } else if octet == UInt8(ascii: "\"") {
                isQuoted = false
            }
        } else if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: " ") {
            if let begin = start { words.append(rule[begin..<position]) }
            start = nil
            isQuoted = octet == UInt8(ascii: "\"")
        } else if start == nil {
            start = position
        }
        position += 1
    }
    if let start { words.append(rule[start...]) }
    return words
}

private func == (octets: ArraySlice<UInt8>?, text: StaticString) -> Bool {
    guard let octets else { return false }
    return octets.elementsEqual(text.description.utf8)
}
