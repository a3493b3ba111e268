// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// `nmcli` commands for the connection that is active on the interface (nm-settings-nmcli(5)).
///
/// No file: a connection is one keyfile, which would have to be given as a whole, with secrets that are only root's to
/// read, and a second file with the same UUID hides the first. `nmcli` adds to it.
enum NetworkManagerForm {
    static func form(
        _ part: NetworkPart, _ connection: ConnectionProfile, _ situation: Situation
    ) -> PersistentNetwork {
        // netplan 0.106 passes over rules without a word when it writes for NetworkManager.
        if let netplan = connection.netplan, part.rules.isEmpty,
            let form = NetplanForm.form(part, netplan, situation)
        {
            return form
        }
        guard let properties = properties(part) else {
            return PersistentNetwork(
                file: nil,
                notes: [
                    "Lost at the next boot: NetworkManager's connection \(terminalSafe(connection.title)) configures"
                        + " \(part.name), and has no way to write this down."
                ])
        }
        let words: [ShellWord] = ["nmcli", "connection", "modify", ShellWord(quoting: connection.uuid)] + properties
        let device: [ShellWord] = ["nmcli", "device", "reapply", ShellWord(quoting: part.link.name)]
        return PersistentNetwork(
            file: nil,
            notes: [
                "Lost when NetworkManager activates its connection \(terminalSafe(connection.title)) again. To keep it:"
                    + " `\(line(words))`, then `\(line(device))`."
            ] + part.sysctlNotes())
    }

    private static func line(_ words: [ShellWord]) -> String { words.map(\.text).joined(separator: " ") }

    private static func properties(_ part: NetworkPart) -> [ShellWord]? {
        var words: [ShellWord] = []
        for address in part.addresses {
            guard address.peer == nil else { return nil }
            words += ["+ipv4.addresses", ShellWord(quoting: address.withLength)]
        }
        for route in part.routes { words += ["+ipv4.routes", ShellWord(quoting: text(route))] }
        for rule in part.rules {
            guard let text = text(rule) else { return nil }
            words += ["+ipv4.routing-rules", ShellWord(quoting: text)]
        }
        return words
    }

    private static func text(_ route: Route) -> String {
        var parts = [route.destination.withLength]
        let nexthop = route.nexthops.first
        if let gateway = nexthop?.gateway { parts.append("\(gateway)") }
        if route.metric != 0 { parts.append("\(route.metric)") }
        if nexthop?.isOnLink == true { parts.append("onlink=true") }
        if let source = route.preferredSource { parts.append("src=\(source)") }
        if route.table != Route.Table.main { parts.append("table=\(route.table)") }
        return parts.joined(separator: " ")
    }

    /// In the words of `ip rule`; nil for names that would need quotes within the property.
    private static func text(_ rule: Rule) -> String? {
        guard case .lookup(let table) = rule.action else { return nil }
        var parts = ["priority \(rule.priority)"]
        // A rule needs one of these two.
        parts.append("from \(rule.from?.withLength ?? "0.0.0.0/0")")
        if let to = rule.to { parts.append("to \(to.withLength)") }
        if let name = rule.inputInterface {
            guard name.bytes.allSatisfy({ (0x21...0x7E).contains($0) && !Array(",\\\"'".utf8).contains($0) }) else {
                return nil
            }
            parts.append("iif \(name.text)")
        }
        return (parts + ["table \(table)"]).joined(separator: " ")
    }
}

extension ConnectionProfile {
    /// What people call it; not safe for a terminal.
    var title: String { name.map { "“\($0)”" } ?? uuid }
}
