// SPDX-License-Identifier: Apache-2.0

/// A rule as `iptables -S` writes it.
enum IptablesText {
    /// The words of the text, without their quotes: double quotes around a word, a backslash before a special
    /// character.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\" && isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
                isInWord = true
            } else if character == " " && !isQuoted {
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            } else {
                word.append(character)
                isInWord = true
            }
        }
        if isInWord { words.append(word) }
        return words
    }

    /// The leading source and destination matches with the space after them, and the rest.
    static func splitAddresses(_ text: String) -> (addresses: String, rest: String) {
        var rest = text[...]
        while true {
            let words = rest.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            let inverted = words.first == "!" ? 1 : 0
            guard words.count > inverted + 1, ["-s", "-d"].contains(words[inverted]) else { break }
            let length = words.prefix(inverted + 2).reduce(0) { $0 + $1.count + 1 }
            rest = rest.dropFirst(length)
        }
        return (String(text[..<rest.startIndex]), String(rest))
    }
}
