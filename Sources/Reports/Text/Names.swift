// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// What things are called in text. All names are untrusted and come out fit for a terminal.
enum Names {
    /// The shortest name; untrusted, as it is: `init`, `blue`, `web`, `3f2a1b0c9d8e`, `inode:4026532345`.
    static func label(_ namespace: NamespaceIdentity) -> String {
        if let name = namespace.name { return name }
        if let container = namespace.container { return container.name ?? String(container.id.prefix(12)) }
        return namespace.isInitial || namespace.isOwn ? "init" : "inode:\(namespace.inode)"
    }

    /// For a column: `label`, fit for a terminal.
    static func short(_ namespace: NamespaceIdentity) -> String { terminalSafe(label(namespace)) }

    private static let unnamed = "network namespace "

    /// For a sentence, to follow "in" or "of".
    static func long(_ namespace: NamespaceIdentity) -> String {
        if let name = namespace.name { return "network namespace \(terminalSafe(name))" }
        if let container = namespace.container {
            let id = terminalSafe(String(container.id.prefix(12)))
            return container.name.map { "container \(terminalSafe($0)) (\(id))" } ?? "container \(id)"
        }
        if namespace.isInitial { return "the host's network namespace" }
        if namespace.isOwn { return "rpfwatch's own network namespace" }
        var text = "\(unnamed)inode:\(namespace.inode)"
        if let process = namespace.processID {
            text += namespace.command.map { " (process \(process), \(terminalSafe($0)))" } ?? " (process \(process))"
        }
        return text
    }

    /// For a list whose heading says that namespaces follow.
    static func listed(_ namespace: NamespaceIdentity) -> String {
        if let name = namespace.name { return terminalSafe(name) }
        if namespace.container == nil && namespace.isInitial { return "the host's" }
        if namespace.container == nil && namespace.isOwn { return "rpfwatch's own" }
        let text = long(namespace)
        return text.hasPrefix(unnamed) ? String(text.dropFirst(unnamed.count)) : text
    }

    /// What `--netns` takes for this namespace; nil for the own one.
    static func option(_ namespace: NamespaceIdentity) -> String? {
        if let name = namespace.name { return name }
        if namespace.isOwn || namespace.isInitial { return nil }
        return namespace.processID.map { String($0) } ?? "inode:\(namespace.inode)"
    }

    static func table(_ number: UInt32) -> String {
        switch number {
        case 253: "default"
        case 254: "main"
        case 255: "local"
        default: String(number)
        }
    }

    /// `strict`, `loose` or `off`: what a raw value of rp_filter does.
    static func mode(_ value: Int32) -> String {
        switch value {
        case 0: "off"
        case 1: "strict"
        default: "loose"
        }
    }

    /// For a column: `eth1 via 198.51.100.1 table main`, `blackhole table main`, `none`, `?`.
    static func short(_ route: ReverseRoute?) -> String {
        guard let route else { return "?" }
        var text = route.kind == "unicast" ? "" : terminalSafe(route.kind)
        func add(_ part: String) { text += text.isEmpty ? part : " " + part }
        if let interface = route.interface { add(interface.display) }
        if let gateway = route.gateway { add("via \(gateway)") }
        if let number = route.table, route.kind != "none" { add("table \(table(number))") }
        return text.isEmpty ? "?" : text
    }
}
