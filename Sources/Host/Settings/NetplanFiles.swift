// SPDX-License-Identifier: Apache-2.0
import Facts

/// The devices that netplan's YAML defines, as far as they are written in block style, one key a line: what netplan's own
/// documentation and every installer writes.
struct NetplanFiles {
    private(set) var definitions: [NetplanDefinition] = []

    private static let directories = ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"]
    private static let classes: Set<String> = [
        "ethernets", "wifis", "modems", "bonds", "bridges", "vlans", "tunnels", "vrfs", "dummy-devices",
        "virtual-ethernets",
    ]

    init(_ tree: HostTree) {
        for path in tree.files(in: Self.directories, suffix: ".yaml") {
            definitions += Self.definitions(tree.lines(path) ?? [], path: path)
        }
    }

    /// The keys one level below a device class.
    private static func definitions(_ lines: [NumberedLine], path: String) -> [NetplanDefinition] {
        var result: [NetplanDefinition] = []
        var current: (name: String, indent: Int)?
        var level: Int?
        for line in lines {
            let text = line.trimmed
            guard !text.isEmpty, text.first != "#" else { continue }
            let indent = line.text.prefix { $0 == " " }.utf8.count
            if let open = current, indent <= open.indent { current = nil }
            guard let key = key(text) else { continue }
            if current == nil, classes.contains(key.name), key.isMapping {
                current = (key.name, indent)
                level = nil
            } else if let open = current, level == nil || level == indent {
                level = indent
                result.append(
                    NetplanDefinition(id: key.name, deviceClass: open.name, place: FileLine(path, line.number)))
            }
        }
        return result
    }

    /// The key of a `key:` or `key: value` line, without its quotes. A device's name holds no colon.
    private static func key(_ text: Substring) -> (name: String, isMapping: Bool)? {
        guard text.first != "-", let colon = text.firstIndex(of: ":") else { return nil }
        let rest = text[text.index(after: colon)...].trimmed
        return (String(text[..<colon].trimmed.unquoted), rest.isEmpty || rest.first == "#")
    }

    /// What a file that netplan generated was made from, by its name: `10-netplan-ID.network` for systemd-networkd,
    /// `netplan-ID.nmconnection` for NetworkManager, with the network's name behind it for Wi-Fi.
    func origin(of path: String) -> NetplanDefinition? {
        guard path.hasPrefix("/run/"), let name = path.split(separator: "/").last else { return nil }
        for (prefix, suffix) in [("10-netplan-", ".network"), ("netplan-", ".nmconnection")]
        where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            let id = name.dropFirst(prefix.count).dropLast(suffix.count)
            return definitions.last { $0.id == id }
                ?? definitions.last { $0.deviceClass == "wifis" && id.hasPrefix("\($0.id)-") }
        }
        return nil
    }
}
