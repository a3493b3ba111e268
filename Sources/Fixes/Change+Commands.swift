// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A command and the one that takes it back.
struct CommandPair: Hashable, Sendable {
    var apply: String
    var revert: String
}

extension Change {
    /// The change as shell commands. `facts` are those before any change of the fix: what the revert restores.
    /// Nil when an interface it is about is not in them.
    func commands(in context: CommandContext, facts: NetworkFacts) -> CommandPair? {
        switch self {
        case .sysctl(let setting):
            guard let name = setting.directory(in: facts) else { return nil }
            return CommandPair(
                apply: context.command(setting.words(name: name, value: setting.value)),
                revert: context.command(setting.words(name: name, value: setting.current(in: facts.configuration))))
        case .addAddress(let address):
            guard let words = address.words(in: facts) else { return nil }
            return pair(context, "addr", add: words, delete: words)
        case .removeAddress(let address):
            guard let words = address.words(in: facts), let full = address.restoringWords(in: facts) else { return nil }
            let added = pair(context, "addr", add: full, delete: words)
            return CommandPair(apply: added.revert, revert: added.apply)
        case .addRule(let rule):
            let words = rule.words
            return pair(context, "rule", add: words, delete: words)
        case .addRoute(let route, let gatewayUnknown):
            guard let words = route.words(in: facts, gatewayUnknown: gatewayUnknown) else { return nil }
            return pair(context, "route", add: words, delete: words)
        case .exemptFromFilter(let exemption):
            return facts.link(exemption.interface).flatMap { exemption.commands(for: $0)?.pair(in: context) }
        }
    }

    private func pair(
        _ context: CommandContext, _ object: ShellWord, add: [ShellWord], delete: [ShellWord]
    ) -> CommandPair {
        CommandPair(
            apply: context.command(["ip", object, "add"] + add),
            revert: context.command(["ip", object, "del"] + delete))
    }
}

extension InterfaceAddress {
    fileprivate func words(in facts: NetworkFacts) -> [ShellWord]? {
        guard let name = facts.link(interface)?.name else { return nil }
        return notation + ["dev", ShellWord(quoting: name)]
    }

    /// With everything that `ip address add` would otherwise choose anew.
    fileprivate func restoringWords(in facts: NetworkFacts) -> [ShellWord]? {
        guard let name = facts.link(interface)?.name else { return nil }
        var words = notation
        if let broadcast { words += ["broadcast", ShellWord(quoting: "\(broadcast)")] }
        switch scope {
        case 253: words += ["scope", "link"]
        case 254: words += ["scope", "host"]
        default: break
        }
        return words + ["dev", ShellWord(quoting: name)]
    }

    private var notation: [ShellWord] {
        prefix.contains(local)
            ? [ShellWord(quoting: "\(local)/\(prefix.length)")]
            : [ShellWord(quoting: "\(local)"), "peer", ShellWord(quoting: "\(prefix.address)/\(prefix.length)")]
    }
}

extension Rule {
    /// The selectors that fixes use.
    fileprivate var words: [ShellWord] {
        var words: [ShellWord] = []
        if let from { words += ["from", ShellWord(quoting: "\(from)")] }
        if let to { words += ["to", ShellWord(quoting: "\(to)")] }
        if let inputInterface { words += ["iif", ShellWord(quoting: inputInterface)] }
        if case .lookup(let table) = action { words += ["lookup", ShellWord(quoting: String(table))] }
        return words + ["priority", ShellWord(quoting: String(priority))]
    }
}

extension Route {
    /// A unicast route with one next hop, the only kind that fixes add.
    fileprivate func words(in facts: NetworkFacts, gatewayUnknown: Bool) -> [ShellWord]? {
        guard let nexthop = nexthops.first, let name = facts.link(nexthop.interface)?.name else { return nil }
        var words = [ShellWord(quoting: destination.length == 0 ? "default" : "\(destination)")]
        if gatewayUnknown {
            words += ["via", "GATEWAY"]
        } else if let gateway = nexthop.gateway {
            words += ["via", ShellWord(quoting: "\(gateway)")]
        }
        words += ["dev", ShellWord(quoting: name)]
        if nexthop.isOnLink { words.append("onlink") }
        if let preferredSource { words += ["src", ShellWord(quoting: "\(preferredSource)")] }
        if metric != 0 { words += ["metric", ShellWord(quoting: String(metric))] }
        if table != Table.main { words += ["table", ShellWord(quoting: String(table))] }
        return words
    }
}
