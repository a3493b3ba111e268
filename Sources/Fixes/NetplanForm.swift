// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// A further file of netplan, which puts the lists of all files together (netplan(5)).
enum NetplanForm {
    /// Nil for rules that netplan has no key for (it knows no `iif`), and for peers.
    static func form(
        _ part: NetworkPart, _ definition: NetplanDefinition, _ situation: Situation
    ) -> PersistentNetwork? {
        guard let policy = policy(part.rules), part.addresses.allSatisfy({ $0.peer == nil }),
            let id = quoted(definition.id)
        else { return nil }
        var lines = ["network:", "  version: 2", "  \(definition.deviceClass):", "    \(id):"]
        lines += list("addresses", part.addresses.map { ["\"\($0.withLength)\""] })
        lines += list("routes", part.routes.map(route))
        lines += list("routing-policy", policy)
        let content = Fix.Persistence.header(situation) + lines.map { $0 + "\n" }.joined()
        let path = "/etc/netplan/90-rpfwatch-\(situation.finding.id).yaml"
        return PersistentNetwork(
            file: Fix.Persistence(path: path, content: content),
            notes: [
                "netplan configures \(part.name) (\(terminalSafe(definition.place.description))): `netplan apply` reads"
                    + " the file, which only root may be able to read."
            ] + part.sysctlNotes())
    }

    /// A list of scalars or mappings, each given by its lines.
    private static func list(_ key: String, _ elements: [[String]]) -> [String] {
        guard !elements.isEmpty else { return [] }
        return ["      \(key):"]
            + elements.flatMap { lines in
                lines.enumerated().map { ($0.offset == 0 ? "        - " : "          ") + $0.element }
            }
    }

    private static func route(_ route: Route) -> [String] {
        var lines = ["to: \"\(route.destination.withLength)\""]
        let nexthop = route.nexthops.first
        if let gateway = nexthop?.gateway { lines.append("via: \"\(gateway)\"") }
        if nexthop?.isOnLink == true { lines.append("on-link: true") }
        if nexthop?.gateway == nil { lines.append("scope: link") }
        if let source = route.preferredSource { lines.append("from: \"\(source)\"") }
        if route.metric != 0 { lines.append("metric: \(route.metric)") }
        if route.table != Route.Table.main { lines.append("table: \(route.table)") }
        return lines
    }

    private static func policy(_ rules: [Rule]) -> [[String]]? {
        var result: [[String]] = []
        for rule in rules {
            guard case .lookup(let table) = rule.action, rule.inputInterface == nil else { return nil }
            var lines: [String] = []
            if let from = rule.from { lines.append("from: \"\(from.withLength)\"") }
            if let to = rule.to { lines.append("to: \"\(to.withLength)\"") }
            result.append(lines + ["table: \(table)", "priority: \(rule.priority)"])
        }
        return result
    }

    /// A name in double quotes; nil for one that would have to be escaped there.
    private static func quoted(_ id: String) -> String? {
        let isPlain = id.utf8.allSatisfy { (0x20...0x7E).contains($0) && !Array("\"\\".utf8).contains($0) }
        return isPlain && !id.isEmpty ? "\"\(id)\"" : nil
    }
}
