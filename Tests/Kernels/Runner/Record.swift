// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab

/// What a run says, one line each:
///
///     tier     TIER  used|refused|failed  the tier that was used, or the sentence of the refusal
///     program  TIER  NAME  instructions  those that the verifier looked at  its states in all  and at one time
///     said     TIER  NAME  what a finding says
///     compared  answers  disagreements  of the model with the kernel, about packets to random hosts
///     again    TIER  NAME  the problems of a first try that failed: it was tried once more
///     result   TIER  passed|blind|skipped|failed  milliseconds  NAME  the blind spot, the proof or the problems
///     done     how many failed
struct Record {
    private let file: Descriptor

    init(_ path: String) throws(LabError) {
        let result = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o644)
        file = try Descriptor(result < 0 ? -errno : result, "open", path)
    }

    func write(_ fields: [String]) {
        let line = fields.map { String($0.map { $0.isNewline || $0 == "\t" ? " " : $0 }) }.joined(separator: "\t")
        // A line that cannot be written is missed by the reader, who waits for `done`.
        try? file.write(Array("\(line)\n".utf8), "the record")
    }
}
