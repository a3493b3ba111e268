// SPDX-License-Identifier: Apache-2.0
import Facts

/// Lines that audit and hardening profiles put into the sysctl files, as far as these files say so themselves: in their
/// name, or in a comment.
struct AuditFiles {
    let tree: HostTree

    private static let directories = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"]
    /// The words that profiles are known by, as people write them.
    private static let profiles = [
        "STIG", "CIS", "ANSSI", "SCAP", "oscap", "OpenSCAP", "ComplianceAsCode", "scap-security-guide", "PCI-DSS",
        "HIPAA", "usg", "dev-sec", "hardening",
    ]

    var demands: [AuditDemand] {
        (tree.files(in: Self.directories, suffix: ".conf") + ["/etc/sysctl.conf"]).flatMap { path in
            let lines = tree.lines(path) ?? []
            let comments = lines.filter { $0.trimmed.first == "#" || $0.trimmed.first == ";" }.map(\.text)
            guard let profile = Self.profile(in: [path] + comments) else { return [AuditDemand]() }
            return SectionedFile(lines, path: path).entries.compactMap { entry in
                // A dash says only that errors do not matter.
                let key = entry.key.hasPrefix("-") ? String(entry.key.dropFirst()) : entry.key
                return ForeignSetting(key: key, value: entry.value, place: entry.place)
                    .map { AuditDemand(profile: profile, setting: $0) }
            }
        }
    }

    /// The first profile that a text names as a word of its own.
    private static func profile(in texts: [String]) -> String? {
        for profile in profiles {
            let name = profile.lowercased()
            // Short names are parts of other words.
            for text in texts where text.utf8.count >= name.utf8.count {
                let words = text.lowercased().split { !$0.isLetter && !$0.isNumber && !name.contains($0) }
                if words.contains(where: { $0 == name }) { return profile }
            }
        }
        return nil
    }
}
