// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets

/// A packet filter rule changed so that it no longer applies to one interface.
package struct FilterExemption: Hashable, Sendable {
    enum Method: Hashable, Sendable {
        /// The same rule with "not this interface" in front.
        case narrow
        /// The rule is for this interface alone: it goes.
        case delete
        /// The rule selects interfaces in a way that cannot be combined: packets of this one leave the chain before it.
        case returnBefore
        /// The rule lets pass what passes the check, and something behind it drops the rest: packets of this interface
        /// are let pass before it, by the same verdict.
        case passBefore(verdict: String)
    }

    let rule: FilterRule
    let interface: UInt32
    let method: Method

    /// Nil when the rule cannot be named, cannot be changed by others than its owner, or the interface cannot be written
    /// in the tool's language.
    init?(of rule: FilterRule, for link: Link) {
        self.rule = rule
        interface = link.index
        let verdict = Self.passingVerdict(of: rule)
        if rule.dropper != nil && verdict == nil { return nil }
        switch rule.tool {
        case .nft:
            guard rule.handle != nil, !rule.isLocked, NftText.isNameable(rule), NftText.isOneStatement(rule.text) else {
                return nil
            }
            method = verdict.map { .passBefore(verdict: $0) } ?? .narrow
        case .iptables:
            // A trailing + is iptables' wildcard and cannot be escaped.
            guard link.name.bytes.last != UInt8(ascii: "+") else { return nil }
            method =
                verdict.map { .passBefore(verdict: $0) }
                ?? Self.iptablesMethod(for: link.name, in: IptablesText.words(rule.text))
        }
    }

    /// Nil when the rule itself drops.
    private static func passingVerdict(of rule: FilterRule) -> String? {
        switch rule.tool {
        case .nft:
            ["drop", "reject", "accept", "return"].first { NftText.words(rule.text).contains($0) }.flatMap {
                $0 == "drop" || $0 == "reject" ? nil : $0
            }
        case .iptables: ["ACCEPT", "RETURN"].first { IptablesText.words(rule.text).last == $0 }
        }
    }

    private static func iptablesMethod(for name: InterfaceName, in words: [String]) -> Method {
        guard let option = words.firstIndex(where: { $0 == "-i" || $0 == "--in-interface" }) else { return .narrow }
        let isInverted = option > words.startIndex && words[option - 1] == "!"
        let isThisOne = option + 1 < words.endIndex && Array(words[option + 1].utf8) == name.bytes
        return isThisOne && !isInverted ? .delete : .returnBefore
    }

    /// How to make the change and take it back. `link` is the exempted interface.
    package func commands(for link: Link) -> FilterCommands? {
        switch rule.tool {
        case .nft: nftCommands(link)
        case .iptables(let command): iptablesCommands(command, link)
        }
    }

    // MARK: nft

    private func nftCommands(_ link: Link) -> FilterCommands? {
        guard let handle = rule.handle else { return nil }
        let replace = "replace rule \(rule.family) \(rule.table) \(rule.chain) handle \(handle) "
        let (condition, shown) = Self.nftCondition(link, isNegated: method == .narrow)
        let changed: [UInt8]
        let changedLine: [UInt8]
        switch method {
        case .passBefore(let verdict):
            // One rule stays one rule, with the number that it has: then the way back is known beforehand.
            changed = Array("jump { ".utf8) + condition + Array("\(verdict); \(rule.text); }".utf8)
            changedLine = Array("}".utf8)
        default:
            changed = condition + Array(rule.text.utf8)
            changedLine = shown + Array(rule.text.utf8)
        }
        // nft reads its words as one line of its own language: all of it is one argument.
        func step(_ line: [UInt8], _ text: [UInt8]) -> FilterCommands.Step {
            FilterCommands.Step(
                probe: FilterCommands.Probe(
                    command: Self.words(["nft", "-a", "-t", "-s", "list", "chain", rule.family, rule.table, rule.chain]
                    ),
                    line: line + Array(" # handle \(handle)".utf8), isOnlyLine: false),
                command: Self.words(["nft"]) + [Array(replace.utf8) + text])
        }
        return FilterCommands(
            apply: step(Array(NftText.lastLine(rule.text).utf8), changed),
            revert: step(changedLine, Array(rule.text.utf8)))
    }

    /// The condition to write, and as nft shows it afterwards.
    ///
    /// nft has no escape for a double quote, takes a trailing asterisk for a wildcard and a backslash for its escape:
    /// an interface with such a name is named by its index, which nft shows as the name.
    private static func nftCondition(_ link: Link, isNegated: Bool) -> (written: [UInt8], shown: [UInt8]) {
        let special = Array("\"*\\".utf8)
        let isWritable = ShellWord.isShowable(link.name.bytes) && !link.name.bytes.contains { special.contains($0) }
        let relation = isNegated ? "!= " : ""
        let quoted = Array("\"".utf8) + link.name.bytes + Array("\" ".utf8)
        if isWritable {
            let text = Array("iifname \(relation)".utf8) + quoted
            return (text, text)
        }
        let start = Array("iif \(relation)".utf8)
        return (start + Array("\(link.index) ".utf8), start + quoted)
    }

    // MARK: iptables

    private func iptablesCommands(_ tool: String, _ link: Link) -> FilterCommands {
        let base = Self.words([tool, "-t", rule.table])
        let chain = Array(rule.chain.utf8)
        let position = Array(String(rule.position).utf8)
        let original = Self.words(IptablesText.words(rule.text))
        func option(_ text: String) -> [UInt8] { Array(text.utf8) }
        func probe(_ line: [UInt8]) -> FilterCommands.Probe {
            // The position may mean another rule by now.
            FilterCommands.Probe(command: base + [option("-S"), chain, position], line: line, isOnlyLine: true)
        }
        let shown = probe(Array("-A \(rule.chain) \(rule.text)".utf8))
        switch method {
        case .narrow:
            // iptables shows the interface behind the addresses, wherever it was typed.
            let (addresses, rest) = IptablesText.splitAddresses(rule.text)
            let exempted = Array("-A \(rule.chain) \(addresses)! -i ".utf8) + link.name.bytes + Array(" \(rest)".utf8)
            let replace = base + [option("-R"), chain, position]
            return FilterCommands(
                apply: .init(probe: shown, command: replace + [option("!"), option("-i"), link.name.bytes] + original),
                revert: .init(probe: probe(exempted), command: replace + original))
        case .delete:
            return FilterCommands(
                apply: .init(probe: shown, command: base + [option("-D"), chain, position]),
                revert: .init(probe: nil, command: base + [option("-I"), chain, position] + original))
        case .returnBefore, .passBefore:
            var verdict = "RETURN"
            if case .passBefore(let own) = method { verdict = own }
            let exemption = [option("-i"), link.name.bytes, option("-j"), option(verdict)]
            return FilterCommands(
                apply: .init(probe: shown, command: base + [option("-I"), chain, position] + exemption),
                revert: .init(probe: nil, command: base + [option("-D"), chain] + exemption))
        }
    }

    private static func words(_ texts: [String]) -> FilterCommands.Words { texts.map { Array($0.utf8) } }
}
