// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Host

/// The command line. `rpfwatch` alone is `rpfwatch trace`.
@main
struct Rpfwatch: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "rpfwatch",
        abstract: "Shows which packets reverse path filtering drops, why, and the narrowest fix.",
        version: "rpfwatch \(version)",
        subcommands: [
            TraceCommand.self, ExplainCommand.self, ReportCommand.self, DoctorCommand.self, FixCommand.self,
            FixGuardCommand.self,
        ],
        defaultSubcommand: TraceCommand.self)

    static func main() {
        occupyStandardDescriptors()
        do {
            var command = try parse(Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch {
            endProgram(after: error)
        }
    }

    /// Takes a subcommand's options also before its name: `rpfwatch --json doctor`.
    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        do {
            return try parseAsRoot(arguments)
        } catch {
            let names = configuration.subcommands.compactMap { $0.configuration.commandName }
            for (place, argument) in arguments.enumerated() where place > 0 && names.contains(argument) {
                var reordered = arguments
                reordered.insert(reordered.remove(at: place), at: 0)
                do { return try parseAsRoot(reordered) } catch { continue }
            }
            throw error
        }
    }
}
