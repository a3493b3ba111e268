// SPDX-License-Identifier: Apache-2.0
import Facts

/// A rule as `nft list ruleset` writes it.
enum NftText {
    /// Words outside of quotes.
    static func words(_ text: String) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }
            .flatMap { $0.element.split(whereSeparator: { " ,;".contains($0) }).map(String.init) }
    }

    /// The names of table and chain are words of nft's language. They are the namespace's own, and may be anything.
    static func isNameable(_ rule: FilterRule) -> Bool {
        [rule.family, rule.table, rule.chain].allSatisfy { name in
            guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
            return name.utf8.allSatisfy { octet in
                switch octet {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_-./".utf8.contains(octet)
                }
            }
        }
    }

    /// False for a text that would be read as more than one rule, or that holds a character that ends it: a comment may
    /// hold what its author likes, and nft shows it as it is.
    static func isOneStatement(_ text: String) -> Bool {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        guard !parts.count.isMultiple(of: 2), !text.contains(where: \.isNewline) else { return false }
        var depth = 0
        for (index, part) in parts.enumerated() where index.isMultiple(of: 2) {
            for character in part {
                switch character {
                case "{": depth += 1
                case "}": depth -= 1
                case ";" where depth == 0: return false
                case "#", "$", "\\": return false
                default: break
                }
                if depth < 0 { return false }
            }
        }
        return depth == 0
    }

    /// What stands on the last line of the rule: a chain in braces goes over several.
    static func lastLine(_ text: String) -> String {
        text.contains("jump {") || text.contains("goto {") ? "}" : text
    }
}
