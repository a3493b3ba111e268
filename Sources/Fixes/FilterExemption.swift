// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A packet filter rule changed so that it no longer applies to one interface.
struct FilterExemption: Hashable, Sendable {
    enum Method: Hashable, Sendable {
        /// The same rule with "not this interface" in front.
        case narrow
        /// The rule is for this interface alone: it goes.
        case delete
        /// The rule selects interfaces in a way that cannot be combined: packets of this one leave the chain before it.
        case returnBefore
    }

    var rule: FilterRule
    var interface: UInt32
    var method: Method

    /// Nil when the rule cannot be named or the interface cannot be written in the tool's language.
    init?(of rule: FilterRule, for link: Link) {
        self.rule = rule
        interface = link.index
        switch rule.tool {
        case .nft:
            guard rule.handle != nil else { return nil }
            method = .narrow
        case .iptables:
            // A trailing + is iptables' wildcard and cannot be escaped.
            guard link.name.bytes.last != UInt8(ascii: "+") else { return nil }
            method = Self.iptablesMethod(for: link.name, in: IptablesText.words(rule.text))
        }
    }

    private static func iptablesMethod(for name: InterfaceName, in words: [String]) -> Method {
        guard let option = words.firstIndex(where: { $0 == "-i" || $0 == "--in-interface" }) else { return .narrow }
        let isInverted = option > words.startIndex && words[option - 1] == "!"
        let isThisOne = option + 1 < words.endIndex && Array(words[option + 1].utf8) == name.bytes
        return isThisOne && !isInverted ? .delete : .returnBefore
    }

    func commands(in context: CommandContext, link: Link) -> CommandPair? {
        switch rule.tool {
        case .nft: nftCommands(in: context, link: link)
        case .iptables(let command): iptablesCommands(command, in: context, link: link)
        }
    }

    private func nftCommands(in context: CommandContext, link: Link) -> CommandPair? {
        guard let handle = rule.handle else { return nil }
        // nft reads its words as one line of its own language; the place, the condition and the rule are one shell
        // word.
        let place = "replace rule \(rule.family) \(rule.table) \(rule.chain) handle \(handle) "
        let condition = Array(Self.nftCondition(link).utf8)
        let exempted = Array(place.utf8) + condition + Array(rule.text.utf8)
        return CommandPair(
            apply: context.command(["nft", ShellWord(quoting: exempted)]),
            revert: context.command(["nft", ShellWord(quoting: place + rule.text)]))
    }

    /// nft has no escape for a double quote, takes a trailing asterisk for a wildcard and a backslash for its escape:
    /// an interface with such a name is named by its index.
    private static func nftCondition(_ link: Link) -> String {
        let special = Array("\"*\\".utf8)
        let isWritable = ShellWord.isShowable(link.name.bytes) && !link.name.bytes.contains { special.contains($0) }
        return isWritable ? "iifname != \"\(link.name.text)\" " : "iif != \(link.index) "
    }

    private func iptablesCommands(_ tool: String, in context: CommandContext, link: Link) -> CommandPair {
        let base = [ShellWord(quoting: tool), "-t", ShellWord(quoting: rule.table)]
        let chain = ShellWord(quoting: rule.chain)
        let position = ShellWord(quoting: String(rule.position))
        let original = IptablesText.words(rule.text).map { ShellWord(quoting: $0) }
        let name = ShellWord(quoting: link.name)
        let show = base + ["-S", chain, position]
        // The position may mean another rule by now: each command first looks whether it still is this one.
        let shown = Array("-A \(rule.chain) \(rule.text)".utf8)
        switch method {
        case .narrow:
            // iptables shows the interface behind the addresses, wherever it was typed.
            let (addresses, rest) = IptablesText.splitAddresses(rule.text)
            let exempted = Array("-A \(rule.chain) \(addresses)! -i ".utf8) + link.name.bytes + Array(" \(rest)".utf8)
            return CommandPair(
                apply: context.command(
                    base + ["-R", chain, position, "!", "-i", name] + original, whenOutputOf: show, is: shown),
                revert: context.command(
                    base + ["-R", chain, position] + original, whenOutputOf: show, is: exempted))
        case .delete:
            return CommandPair(
                apply: context.command(base + ["-D", chain, position], whenOutputOf: show, is: shown),
                revert: context.command(base + ["-I", chain, position] + original))
        case .returnBefore:
            let exemption: [ShellWord] = ["-i", name, "-j", "RETURN"]
            return CommandPair(
                apply: context.command(
                    base + ["-I", chain, position] + exemption, whenOutputOf: show, is: shown),
                revert: context.command(base + ["-D", chain] + exemption))
        }
    }
}

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
