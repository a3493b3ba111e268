// SPDX-License-Identifier: Apache-2.0
import Facts

/// The rules with an `rpfilter` match in what `iptables-save` wrote. `command` is the program that changes them.
///
/// The text is untrusted: comments in it are chosen by whoever may change the rules. It may be megabytes, so it is read
/// as octets.
func reversePathRules(iptablesSave text: [UInt8], command: String) -> [FilterRule] {
    let space = UInt8(ascii: " ")
    var result: [FilterRule] = []
    var table = ""
    var positions: [ArraySlice<UInt8>: Int] = [:]
    for line in text.split(separator: UInt8(ascii: "\n")) {
        if line.first == UInt8(ascii: "*") {
            table = String(decoding: line.dropFirst(), as: UTF8.self)
            positions = [:]
            continue
        }
        // -A CHAIN rest of the rule
        let fields = line.split(separator: space, maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0].elementsEqual("-A".utf8) else { continue }
        positions[fields[1], default: 0] += 1
        guard matchesReversePath(fields[2]) else { continue }
        result.append(
            FilterRule(
                tool: .iptables(command: command), family: "ip", table: table,
                chain: String(decoding: fields[1], as: UTF8.self), position: positions[fields[1], default: 1],
                text: String(decoding: fields[2], as: UTF8.self)))
    }
    return result
}

/// True for a rule with `-m rpfilter` outside of quotes, in which a backslash escapes.
private func matchesReversePath(_ rule: ArraySlice<UInt8>) -> Bool {
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
    return zip(words, words.dropFirst()).contains { $0.elementsEqual("-m".utf8) && $1.elementsEqual("rpfilter".utf8) }
}
