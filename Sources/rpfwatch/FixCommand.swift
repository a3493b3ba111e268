// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Fixes
import Host
import Packets
import Reports

/// `rpfwatch fix`: make a finding's fix for a while, measure, then undo or keep it.
struct FixCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fix",
        abstract: "Try a finding's fix for a while, measure what it does, then undo it or keep it.",
        discussion: """
            What is changed is worked out anew on this host, from the finding's packets as they come in or, with --from, \
            as they were recorded; no command is taken from a file. A second process undoes it when this one is killed. \
            Exits 0 when the packets were accepted or none came, 1 when some were still dropped or there is no fix.
            """)

    @Argument(help: ArgumentHelp("The finding: its number, or the first digits of it.", valueName: "finding"))
    var finding: String?

    @Option(
        help: ArgumentHelp(
            "Take the finding from recorded JSON of `trace` or `explain`, or - for stdin, instead of waiting for its"
                + " packets.", valueName: "file"))
    var from: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long to try it: 10s, 5m. (default: 60s)", valueName: "time"),
        transform: TimeSpan.parse)
    var duration = TimeSpan(nanoseconds: 60_000_000_000)

    @Option(
        help: ArgumentHelp("How long to count packets before. (default: 3s)", valueName: "time"),
        transform: TimeSpan.parse)
    var before = TimeSpan(nanoseconds: 3_000_000_000)

    @Option(
        help: ArgumentHelp("How long to wait for a packet of the finding. (default: 60s)", valueName: "time"),
        transform: TimeSpan.parse)
    var wait = TimeSpan(nanoseconds: 60_000_000_000)

    @Option(help: ArgumentHelp("Try this alternative instead, such as policy_rule.", valueName: "fix"))
    var use: FixID?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("In this network namespace: NAME, PID, PATH or inode:N.", valueName: "netns"))
    var netns: String?

    @Option(help: "Force a hook tier: auto, fexit, kprobe or tracepoint.")
    var tier: TierChoice = .auto

    @Flag(help: "Keep it, unless packets are still dropped.")
    var keep = false

    @Flag(help: "Keep it and write the file that makes it last, which is shown first.")
    var persist = false

    @Flag(help: "Only print what would be changed.")
    var dryRun = false

    @Flag(help: "Undo what a trial left behind whose processes were all killed.")
    var undo = false

    @Option(name: .shortWithValue("o", "output"), help: "What stdout carries: text or json.")
    var output: OutputFormat = .text

    @Flag(help: "Write one JSON object; the same as --output json.")
    var json = false

    @Flag(name: .shortAndLong, help: "Nothing on stderr but errors.")
    var quiet = false

    @Option(help: "Colour: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    func validate() throws {
        if undo {
            guard finding == nil, from == nil, !keep, !persist, !dryRun else {
                throw ValidationError("--undo takes what the last trial left behind: leave out everything else.")
            }
        } else if finding == nil && from == nil {
            throw ValidationError("Give the number of a finding, as a report has it, or --from FILE.")
        }
        if let finding, !finding.allSatisfy({ $0.isHexDigit }) || finding.count < 4 {
            throw ValidationError("A finding's number is 16 hexadecimal digits, of which at least 4 are needed.")
        }
    }

    mutating func run() throws {
        if undo { return try FixRecovery.run(messages) }
        let stop = try StopSignal()
        if dryRun {
            guard let subject = try FixSubject.find(self, stop: stop) else { return }
            let plan = TrialPlan(finding: subject.report, fix: try chosenFix(subject.report))
            return try LineOutput.standardOutput().write(plan.text(style: color.style(isTerminal: Terminal.isOutput)))
        }
        // Who cannot try anything now need not wait for a packet first.
        let file = try TrialFile.forTrial()
        guard let subject = try FixSubject.find(self, stop: stop) else { return }
        let report = try FixTrial.run(
            self, subject: subject, fix: try chosenFix(subject.report), file: file, stop: stop)
        let isJSON = json || output == .json
        try LineOutput.standardOutput().write(
            isJSON ? report.json() : Array(report.text(style: color.style(isTerminal: Terminal.isOutput)).utf8))
        if report.undone.contains(where: { $0.problem != nil }) || report.outcome == .overwritten {
            throw ExitStatus.failed
        }
        if report.outcome == .insufficient { throw ExitStatus.refused }
    }

    var messages: Messages { Messages(isQuiet: quiet, isVerbose: false) }

    /// The fix to try, as it was worked out just now.
    private func chosenFix(_ report: FindingReport) throws -> Fix {
        let fix: Fix
        if let use {
            guard let other = ([report.fix] + report.alternatives).first(where: { $0.id == use }) else {
                let known = ([report.fix] + report.alternatives).map(\.id.rawValue).joined(separator: ", ")
                throw CommandFailure(.usage, "That is no fix for this finding; there is \(known)")
            }
            fix = other
        } else {
            fix = report.fix
        }
        guard fix.id != .none else { throw CommandFailure(.refused, "There is nothing to try. \(fix.summary)") }
        if fix.incomplete {
            let others = report.alternatives.filter { !$0.incomplete }.map(\.id.rawValue)
            let remedy = others.isEmpty ? "" : "; or try another one with --use: \(others.joined(separator: ", "))"
            throw CommandFailure(
                .refused,
                "The fix \(fix.id.rawValue) lacks a value that only you know. Run its commands by hand\(remedy)")
        }
        guard !fix.changes.isEmpty else {
            throw CommandFailure(
                .refused, "The fix \(fix.id.rawValue) cannot be made by this program; run its commands")
        }
        if persist && fix.persist == nil {
            throw CommandFailure(
                .usage, "No file makes the fix \(fix.id.rawValue) last here; the report says what does")
        }
        return fix
    }
}

extension TrialFile {
    /// The lock of a new trial; refused while there is another one, or one that nobody undid.
    fileprivate static func forTrial() throws -> TrialFile {
        let file = try TrialFile()
        guard file.read() == nil else {
            throw CommandFailure(
                .failed,
                "An earlier trial was killed and is not undone; run `rpfwatch fix --undo` first (\(file.description))")
        }
        return file
    }
}

extension FixID: ExpressibleByArgument {
    package init?(argument: String) { self.init(rawValue: argument) }
}
