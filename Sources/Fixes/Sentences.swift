// SPDX-License-Identifier: Apache-2.0

import Facts

/// A routing table as `ip route` writes it.
func tableName(_ table: UInt32) -> String {
    switch table {
    case Route.Table.default: "default"
    case Route.Table.main: "main"
    case Route.Table.local: "local"
    default: String(table)
    }
}

/// `a`, `a and b`, `a, b and c`; long lists end with the number of the rest.
func listing(_ items: [String], limit: Int = 6) -> String {
    guard items.count > 1, let last = items.last else { return items.first ?? "" }
    if items.count > limit {
        return items.prefix(limit).joined(separator: ", ") + " and \(items.count - limit) more"
    }
    return items.dropLast().joined(separator: ", ") + " and " + last
}
