// SPDX-License-Identifier: Apache-2.0
import Packets

/// Why a line of a recording could not be used. The rest of the recording is used all the same.
package struct RecordingError: Error, Hashable, Sendable {
    package enum Problem: Error, Hashable, Sendable {
        /// The file ends inside the line.
        case truncated
        /// Not a JSON object; the offset is from the start of the line.
        case malformed(offset: Int)
        case tooDeep
        /// Longer than any event.
        case tooLong(limit: Int)
        /// An event of ours without a key that it must have, or with a value of another type.
        case lacks(key: String)
        /// More distinct findings, hosts, runs or places than a report can hold.
        case tooMany(String)
        /// The file holds nothing that rpfwatch wrote.
        case noEvents
        /// Written by a later rpfwatch.
        case newerSchema(Int)
    }

    package var file: String
    /// From 1; 0 for the file as a whole.
    package var line: Int
    package var problem: Problem
    /// Further lines of the file that could not be used either.
    package var others: Int

    package init(file: String, line: Int, problem: Problem, others: Int = 0) {
        self.file = file
        self.line = line
        self.problem = problem
        self.others = others
    }
}

extension RecordingError: CustomStringConvertible {
    /// One sentence: where, what is wrong, and what was done or can be done about it.
    package var description: String {
        let place = line == 0 ? terminalSafe(file) : "\(terminalSafe(file)):\(line)"
        let more = others == 0 ? "" : " (and \(Wording.count(others, "further line")))"
        let text =
            switch problem {
            case .truncated: "the line is cut off; the recording was interrupted there, what stands before it was used"
            case .malformed(let offset): "not JSON from octet \(offset + 1) on; the line was left out"
            case .tooDeep: "nested too deeply for an event; the line was left out"
            case .tooLong(let limit): "longer than \(Wording.number(limit)) octets; the line was left out"
            case .lacks(let key): "the event lacks a usable \(key); it was left out"
            case .tooMany(let what):
                "there are too many \(what) for one report; the event was left out, report fewer files"
            case .noEvents:
                "no event of rpfwatch in it; record one with `rpfwatch trace --json >FILE`"
            case .newerSchema(let version):
                "written with schema version \(version), this rpfwatch knows \(JSONWriter.schemaVersion);"
                    + " report it with the version that wrote it"
            }
        return "\(place): \(text)\(more)"
    }
}
