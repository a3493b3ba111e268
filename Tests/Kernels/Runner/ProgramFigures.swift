// SPDX-License-Identifier: Apache-2.0
import Lab

/// What a BPF program costs the kernel's verifier, as `rpfwatch doctor -v` says of every tier that can be used.
struct ProgramFigures {
    /// Tier, name, instructions, instructions verified, states in all, states at once.
    let fields: [String]

    static func all() throws -> [Self] {
        let outcome = try RpfwatchProcess.run(["doctor", "-v", "--json"], within: 120)
        return outcome.standardError.split(separator: "\n").compactMap { Self(line: $0) }
    }

    /// Nil for a line that says something else than
    ///
    ///     rpfwatch: tier kprobe, drop_first: 1039 instructions, 10255 verified, 634 states, 484 at once
    private init?(line: Substring) {
        let words = line.split { " ,:".contains($0) }
        guard words.count == 13, words[1] == "tier", words.last == "once" else { return nil }
        fields = [2, 3, 4, 6, 8, 10].map { String(words[$0]) }
    }
}
