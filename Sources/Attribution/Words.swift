// SPDX-License-Identifier: Apache-2.0

/// The words of a packet filter rule: split at white space, quoted strings whole and without their quotes.
struct Words {
    private var words: ArraySlice<String>

    init(_ text: String) {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\" && isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
                word = word ?? ""
            } else if !isQuoted && (character.isWhitespace || character == ",") {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        self.words = words[...]
    }

    mutating func next() -> String? { words.popFirst() }

    /// Takes the next word when it is this one.
    mutating func skip(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    /// The fields of a concatenation: `saddr . mark . iif`.
    mutating func fields() -> [String] {
        guard let first = next() else { return [] }
        var fields = [first]
        while words.first == "." {
            _ = next()
            if let field = next() { fields.append(field) }
        }
        return fields
    }

    /// One value or a set in braces, with the comparison before it.
    mutating func values() -> (items: [String], isNegated: Bool) {
        var isNegated = false
        while let word = words.first, ["==", "!=", "eq", "ne"].contains(word) {
            isNegated = word == "!=" || word == "ne"
            _ = next()
        }
        guard words.first == "{" else { return (next().map { [$0] } ?? [], isNegated) }
        _ = next()
        var items: [String] = []
        while let word = next(), word != "}" { items.append(word) }
        return (items, isNegated)
    }
}
