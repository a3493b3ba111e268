// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Compares text with a file of Snapshots/. RECORD_SNAPSHOTS=1 writes the files instead: read the difference before you
/// commit it.
func expectSnapshot(_ name: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots/\(name).txt")
    if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
        #expect(throws: Never.self, sourceLocation: sourceLocation) {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return
    }
    let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    if text == expected { return }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(lines, wanted).prefix { $0 == $1 }.count
    Issue.record(
        """
        \(name) differs from line \(line + 1):
        got      \(line < lines.count ? String(lines[line]).debugDescription : "(no more lines)")
        expected \(line < wanted.count ? String(wanted[line]).debugDescription : "(no more lines)")
        """, sourceLocation: sourceLocation)
}
