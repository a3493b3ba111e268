// SPDX-License-Identifier: Apache-2.0
import Facts

/// The active profile of tuned and what it sets.
struct TunedFiles {
    let tree: HostTree

    private static let directories = ["/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned"]

    /// Nil without an active profile.
    var profile: TunedProfile? {
        // Profiles that are merged stand on one line.
        let names = tree.lines("/etc/tuned/active_profile")?.first?.words.map(String.init) ?? []
        guard !names.isEmpty else { return nil }
        var settings: [ForeignSetting] = []
        for name in names { settings += self.settings(of: name, depth: 0) }
        // Of one key the setting that is read last counts.
        var last: [String: ForeignSetting] = [:]
        for setting in settings { last["\(setting.interface)/\(setting.key)"] = setting }
        return TunedProfile(
            name: names.joined(separator: " "),
            settings: last.sorted { $0.key < $1.key }.map(\.value), reappliesFiles: reappliesFiles)
    }

    /// `[sysctl]` of a profile, behind that of the profiles it includes.
    private func settings(of name: String, depth: Int) -> [ForeignSetting] {
        guard depth < 8, !name.contains("/"), !name.hasPrefix("."),
            let file = Self.directories.lazy.compactMap({ tree.sections("\($0)/\(name)/tuned.conf") }).first
        else { return [] }
        var result: [ForeignSetting] = []
        for included in file.last("include", in: "main")?.value.split(whereSeparator: { $0 == "," || $0 == " " }) ?? []
        {
            result += settings(of: String(included), depth: depth + 1)
        }
        for entry in file.entries where entry.section == "sysctl" {
            if let setting = ForeignSetting(key: entry.key, value: entry.value, place: entry.place) {
                result.append(setting)
            }
        }
        return result
    }

    private var reappliesFiles: Bool {
        let value = tree.sections("/etc/tuned/tuned-main.conf")?.last("reapply_sysctl", in: "")?.value.lowercased()
        return value != "0" && value != "false"
    }
}

extension ForeignSetting {
    /// A sysctl as files name it, with dots or slashes; nil for one outside `net.ipv4.conf`, and for a value that is no
    /// number.
    init?(key: String, value: String, place: FileLine) {
        // As sysctl.d(5) has it: the separator that comes first decides, and the other one then belongs to a name.
        let usesDots = key.first { $0 == "." || $0 == "/" } == "."
        let separator: Character = usesDots ? "." : "/"
        let parts = key.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count > 4, parts[0] == "net", parts[1] == "ipv4", parts[2] == "conf", let last = parts.last,
            let number = Int32(value[...].unquoted.trimmed)
        else { return nil }
        let name = parts[3..<(parts.count - 1)].joined(separator: String(separator))
        self.init(
            interface: usesDots ? String(name.map { $0 == "/" ? "." : $0 }) : name, key: String(last), value: number,
            place: place)
    }
}
