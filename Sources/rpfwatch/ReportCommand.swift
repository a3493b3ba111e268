// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Host
import Packets
import Reports

/// `rpfwatch report [FILE…]`: the report of recorded JSON.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Rebuild the report from recorded JSON, of one or several hosts.")

    @Argument(help: ArgumentHelp("Recordings; - or none reads stdin.", valueName: "file"))
    var files: [String] = []

    @Option(name: .shortWithValue("o", "output"), help: "What stdout carries: text or json.")
    var output: OutputFormat = .text

    @Flag(help: "Write the merged findings as JSON events; the same as --output json.")
    var json = false

    @Option(help: "Colour: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    mutating func run() throws {
        var recording = Recording()
        var unreadable: ExitStatus?
        for file in files.isEmpty ? ["-"] : files {
            recording.begin(file: file == "-" ? "standard input" : file)
            do throws(HostError) {
                try readInput(file) { recording.read($0) }
                recording.end()
            } catch {
                // The other files are worth a report all the same.
                recording.end(isWhole: false)
                let failure = CommandFailure(error)
                writeToStandardError("rpfwatch: \(failure.sentence)\n")
                unreadable = unreadable ?? failure.status
            }
        }
        let reports = recording.reports()
        for error in recording.errors { writeToStandardError("rpfwatch: \(error.description).\n") }
        if !reports.isEmpty {
            var rendering = Output(
                json ? .json : output, showsDrops: true, style: color.style(isTerminal: Terminal.isOutput))
            try LineOutput.standardOutput().write(rendering.render(reports))
        }
        // What could be read was reported; that something could not must not go unnoticed in a script.
        if let unreadable { throw unreadable }
        if !recording.errors.isEmpty { throw ExitStatus.failed }
    }
}
