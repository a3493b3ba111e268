// SPDX-License-Identifier: Apache-2.0
package import Facts

/// The rules with an `rpfilter` match in what `iptables-save` wrote. `command` is the program that changes them.
///
/// The text is untrusted: comments in it are chosen by whoever may change the rules.
package func reversePathRules(iptablesSave text: String, command: String) -> [FilterRule] {
    var result: [FilterRule] = []
    var table = ""
    var positions: [Substring: Int] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
        if line.first == "*" {
            table = String(line.dropFirst())
            positions = [:]
            continue
        }
        // -A CHAIN rest of the rule
        let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0] == "-A" else { continue }
        positions[fields[1], default: 0] += 1
        let words = unquotedWords(fields[2])
        guard zip(words, words.dropFirst()).contains(where: { $0 == "-m" && $1 == "rpfilter" }) else { continue }
        result.append(
            FilterRule(
                tool: .iptables(command: command), family: "ip", table: table, chain: String(fields[1]),
                position: positions[fields[1], default: 1], text: String(fields[2])))
    }
    return result
}

/// The words outside of quotes, in which a backslash escapes.
private func unquotedWords(_ text: Substring) -> [Substring] {
    var result: [Substring] = []
    var isQuoted = false
    var start: Substring.Index?
    var position = text.startIndex
    while position < text.endIndex {
        let character = text[position]
        if isQuoted {
            if character == "\\" {
                position = text.index(after: position)
                if position == text.endIndex { break }
            } else if character == "\"" {
                isQuoted = false
            }
        } else if character == "\"" || character == " " {
            if let begin = start { result.append(text[begin..<position]) }
            start = nil
            isQuoted = character == "\""
        } else if start == nil {
            start = position
        }
        position = text.index(after: position)
    }
    if let start { result.append(text[start...]) }
    return result
}
