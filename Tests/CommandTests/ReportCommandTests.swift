// SPDX-License-Identifier: Apache-2.0
import Lab
import Testing

/// `report` says the same as the trace did, and survives whatever a recording became.
@Suite struct ReportCommandTests {
    @Test func `the report of a recording is the live report`() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let live = try RpfwatchProcess(["trace", "--color", "never", "--netns", testbed.host.argument])
        let recording = try RpfwatchProcess(["trace", "--json", "--follow", "--netns", testbed.host.argument])
        try recording.waitForStart()
        try waitUntilTracing(live)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1")))
        let recorded = try recording.interruptAndFinish()
        let text = try live.interruptAndFinish().lines
        let file = try TemporaryFile(recorded.lines.joined(separator: "\n") + "\n")
        let report = try RpfwatchProcess.run(["report", "--color", "never", file.path])
        #expect(report.status == 0)
        #expect(withoutTimes(report.lines) == withoutTimes(text))
    }

    @Test func `without a file the recording is read from standard input`() throws {
        let lines = try recordedLines()
        let input = try TemporaryFile(lines.joined(separator: "\n") + "\n")
        let fromFile = try RpfwatchProcess.run(["report", input.path])
        let command = ["sh", "-c", "exec \"$0\" \"$@\" < \(input.path)"]
        let fromInput = try RpfwatchProcess.run(["report"], prefix: command)
        #expect(fromInput.status == 0)
        #expect(fromInput.lines == fromFile.lines)
        #expect(fromInput.lines.contains { $0.contains("203.0.113.5") })
    }

    @Test func `recordings of two traces make one report of both`() throws {
        let files = try [recordedLines(), recordedLines()].map { try TemporaryFile($0.joined(separator: "\n") + "\n") }
        let outcome = try RpfwatchProcess.run(["report"] + files.map(\.path))
        #expect(outcome.status == 0)
        #expect(outcome.standardError.isEmpty)
    }

    @Test func `a truncated recording is reported as far as it goes, and it is said`() throws {
        let lines = try recordedLines()
        let whole = lines.joined(separator: "\n") + "\n"
        for length in [1, whole.utf8.count / 3, whole.utf8.count - 2] {
            let file = try TemporaryFile(String(decoding: whole.utf8.prefix(length), as: UTF8.self))
            let outcome = try RpfwatchProcess.run(["report", file.path])
            #expect([0, 5].contains(outcome.status), "\(length) octets: \(outcome.standardError)")
            #expect(!outcome.standardError.isEmpty, "\(length) octets")
        }
    }

    @Test func `a hostile recording neither crashes the report nor reaches the terminal`() throws {
        let lines = try recordedLines()
        let escapes = lines.map { $0.replacing("a0", with: "\\u001b]0;owned\\u0007\\u202e") }
        let hostile: [String] = [
            escapes.joined(separator: "\n"),
            String(repeating: "[", count: 100_000),
            lines.map { $0.replacing("\"drops\":3", with: "\"drops\":99999999999999999999") }.joined(separator: "\n"),
            lines.map { $0.replacing("\"rpf\":{", with: "\"rpf\":[{") }.joined(separator: "\n"),
            "\0\0\0\n{}\nnull\n42\n\"\"\n[]\n",
            lines.map { "\($0)\($0)" }.joined(separator: "\n"),
            lines.reversed().joined(separator: "\r\n"),
        ]
        for text in hostile {
            let file = try TemporaryFile(text + "\n")
            let outcome = try RpfwatchProcess.run(["report", file.path])
            #expect(outcome.status < 128, "ended with \(outcome.status): \(text.prefix(80))")
            let shown = outcome.lines.joined() + outcome.standardError
            let controls = shown.unicodeScalars.filter { ($0.value < 0x20 && $0 != "\n") || $0.value == 0x202E }
            #expect(controls.isEmpty, "a control character came through: \(text.prefix(80))")
        }
    }

    @Test func `a file that cannot be read does not keep the others from being reported`() throws {
        let file = try TemporaryFile(try recordedLines().joined(separator: "\n") + "\n")
        let outcome = try RpfwatchProcess.run(["report", file.path, "/nosuch/recording.json", "/"])
        #expect(outcome.status == 2)
        #expect(outcome.lines.first?.contains("dropped 3 packets") == true)
        #expect(outcome.standardError.split(separator: "\n").count == 2)
        #expect(outcome.standardError.contains("rpfwatch trace --json"))
    }

    /// What a trace of three drops writes.
    private func recordedLines() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let trace = try RpfwatchProcess(["trace", "--json", "--follow", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1")))
        return try trace.interruptAndFinish().lines
    }

    /// A text trace says nothing on standard output before it ends; on standard error it says that it started.
    private func waitUntilTracing(_ trace: RpfwatchProcess) throws {
        #expect(eventually(within: 10) { !trace.standardError.isEmpty })
    }

    /// Two traces of the same drops differ in times, and in whether each read the configuration before the last drop.
    private func withoutTimes(_ lines: [String]) -> [String] {
        lines.map { line in
            line.replacing(/(before|after) the last drop/, with: "beside the last drop").replacing(
                /\d\d:\d\d:\d\d(\.\d+)?/, with: "TIME"
            ).replacing(/\d+(\.\d+)? ?(µs|ms|s)\b/, with: "TIME")
        }
    }
}
