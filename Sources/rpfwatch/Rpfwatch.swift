// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The command line. `rpfwatch` alone is `rpfwatch trace`.
@main
struct Rpfwatch: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "rpfwatch",
        abstract: "Shows which packets reverse path filtering drops, why, and the narrowest fix.",
        version: "rpfwatch \(version)",
        subcommands: [TraceCommand.self, ReportCommand.self, DoctorCommand.self],
        defaultSubcommand: TraceCommand.self)

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            endProgram(after: error)
        }
    }
}
