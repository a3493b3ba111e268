// SPDX-License-Identifier: Apache-2.0
import Facts

/// A file of `[Section]` and `key=value` lines: systemd's, NetworkManager's keyfiles, tuned's profiles.
struct SectionedFile: Sendable {
    struct Entry: Sendable {
        var section: String
        var key: String
        /// Without the white space around it; quotes stay.
        var value: String
        var place: FileLine
    }

    let entries: [Entry]

    init(_ lines: [NumberedLine], path: String) {
        var entries: [Entry] = []
        var section = ""
        for line in lines {
            let text = line.trimmed
            guard let first = text.first, first != "#", first != ";" else { continue }
            if first == "[", text.last == "]" {
                section = String(text.dropFirst().dropLast())
                continue
            }
            let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { continue }
            entries.append(
                Entry(
                    section: section, key: String(sides[0].trimmed), value: String(sides[1].trimmed),
                    place: FileLine(path, line.number)))
        }
        self.entries = entries
    }

    /// The last value of a key.
    func last(_ key: String, in section: String) -> Entry? {
        entries.last { $0.section == section && $0.key == key }
    }
}

extension HostTree {
    func sections(_ path: String) -> SectionedFile? { lines(path).map { SectionedFile($0, path: path) } }
}
