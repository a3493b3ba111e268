// SPDX-License-Identifier: Apache-2.0
import Facts

/// What systemd-networkd says about its links.
struct NetworkdFiles {
    let tree: HostTree

    /// The .network file of a link, from the state file that networkd writes for `networkctl`; nil for a link that none
    /// matches.
    func link(_ index: UInt32) -> NetworkdLink? {
        guard let lines = tree.lines("/run/systemd/netif/links/\(index)") else { return nil }
        var values: [Substring: Substring] = [:]
        for line in lines where !line.text.hasPrefix("#") {
            let sides = line.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2 { values[sides[0]] = sides[1].trimmed.unquoted }
        }
        guard let file = values["NETWORK_FILE"], file.hasPrefix("/") else { return nil }
        // Older versions do not say.
        let dropIns = values["NETWORK_FILE_DROPINS"].map { Self.paths($0) } ?? self.dropIns(of: file)
        return NetworkdLink(
            networkFile: String(file), dropIns: dropIns, settings: settings(in: [String(file)] + dropIns))
    }

    /// Where networkd looks for drop-ins of a file, wherever that is.
    private func dropIns(of file: Substring) -> [String] {
        guard let name = file.split(separator: "/").last else { return [] }
        let directories = ["/etc", "/run", "/usr/local/lib", "/usr/lib"].map { "\($0)/systemd/network/\(name).d" }
        return tree.files(in: directories, suffix: ".conf")
    }

    /// Paths with colons between them, in which C escapes stand for what would end them.
    private static func paths(_ text: Substring) -> [String] {
        text.split(separator: ":").map { $0.replacingEscapes }.filter { $0.hasPrefix("/") }
    }

    /// The link's sysctls: what is read last counts, and an empty value takes back what was set before.
    private func settings(in files: [String]) -> [ForeignSetting] {
        var result: [String: ForeignSetting] = [:]
        for file in files {
            guard let sections = tree.sections(file) else { continue }
            for entry in sections.entries where entry.section == "Network" {
                guard let (key, value) = Self.sysctl(entry) else { continue }
                result[key] = value.map { ForeignSetting(interface: "", key: key, value: $0, place: entry.place) }
            }
        }
        return result.values.sorted { $0.key < $1.key }
    }

    /// A setting of [Network] as the sysctl it writes; a nil value means that none is written.
    private static func sysctl(_ entry: SectionedFile.Entry) -> (key: String, value: Int32?)? {
        switch entry.key {
        case "IPv4ReversePathFilter":
            let modes: [String: Int32] = ["no": 0, "strict": 1, "loose": 2]
            if entry.value.isEmpty { return ("rp_filter", nil) }
            return modes[entry.value].map { ("rp_filter", $0) }
        case "IPv4AcceptLocal":
            switch entry.value.lowercased() {
            case "": return ("accept_local", nil)
            case "1", "yes", "y", "true", "t", "on": return ("accept_local", 1)
            case "0", "no", "n", "false", "f", "off": return ("accept_local", 0)
            default: return nil
            }
        default: return nil
        }
    }

    /// systemd's major version, by the name of the library that its programs share.
    var version: Int? {
        let directories =
            ["/usr/lib/systemd", "/usr/lib64/systemd"]
            + tree.names(in: "/usr/lib").filter { $0.hasSuffix("-linux-gnu") }.map { "/usr/lib/\($0)/systemd" }
        for directory in directories {
            for name in tree.names(in: directory) where name.hasPrefix("libsystemd-shared-") {
                let number = name.dropFirst("libsystemd-shared-".count).prefix { $0.isASCII && $0.isNumber }
                if let version = Int(number) { return version }
            }
        }
        return nil
    }
}

extension Substring {
    /// With `\xNN` and `\NNN` as the octets that they stand for; a backslash before anything else goes.
    fileprivate var replacingEscapes: String {
        var octets: [UInt8] = []
        var rest = Array(utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\") else {
                octets.append(octet)
                continue
            }
            let isHex = rest.first == UInt8(ascii: "x")
            let digits = isHex ? rest.dropFirst().prefix(2) : rest.prefix(3)
            if digits.count == (isHex ? 2 : 3),
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: isHex ? 16 : 8)
            {
                octets.append(code)
                rest = rest[digits.endIndex...]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
