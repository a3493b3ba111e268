// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Host
import Packets
import Probe

/// The exit codes of the contract.
enum ExitStatus: Int32, Error {
    case done = 0
    /// `--fail-on-drop` and there were drops; or `explain` says that a packet would be refused.
    case refused = 1
    case usage = 2
    case unsupported = 3
    case notPermitted = 4
    case failed = 5
    /// `--strict` and some drops could not be accounted for.
    case unaccounted = 6
    /// The reader of stdout went away (128 + SIGPIPE).
    case closedPipe = 141
}

/// Ends the program with a status and one sentence on stderr that says what failed and what to do.
struct CommandFailure: Error {
    var status: ExitStatus
    var sentence: String

    /// Errors say what failed without knowing where they will stand; here it becomes a sentence.
    init(_ status: ExitStatus, _ sentence: String) {
        self.status = status
        let start = sentence.prefix(1).uppercased() + sentence.dropFirst()
        self.sentence = start.hasSuffix(".") ? start : start + "."
    }

    init(_ error: ProbeError) {
        let status: ExitStatus =
            switch error.kind {
            case .unsupported: .unsupported
            case .notPermitted: .notPermitted
            case .failed: .failed
            }
        self.init(status, error.description)
    }

    /// What is not found or can never work was named by the user.
    init(_ error: HostError) {
        let status: ExitStatus =
            switch error.kind {
            case .notPermitted: .notPermitted
            case .notFound, .gone, .invalid: .usage
            case .unsupported: .unsupported
            case .closedPipe: .closedPipe
            case .timedOut, .busy, .failed: .failed
            }
        self.init(status, error.description)
    }
}

/// Ends the program the way an error asks for; the one place where errors become exit codes and sentences.
func endProgram(after error: any Error) -> Never {
    switch error {
    case let status as ExitStatus: exit(status.rawValue)
    case let failure as CommandFailure: exit(failure)
    case let error as ProbeError: exit(CommandFailure(error))
    case let error as HostError: exit(CommandFailure(error))
    default: exitForArguments(error)
    }
}

private func exit(_ failure: CommandFailure) -> Never {
    // Whoever closed the pipe knows.
    if failure.status != .closedPipe { writeToStandardError("rpfwatch: \(failure.sentence)\n") }
    exit(failure.status.rawValue)
}

/// Help and version requests are errors to ArgumentParser; they go to stdout and succeed.
private func exitForArguments(_ error: any Error) -> Never {
    let message = Rpfwatch.message(for: error)
    guard Rpfwatch.exitCode(for: error) == .success else {
        // An argument may hold anything, and of two ways to read it each gets a line of its own.
        let sentence = terminalSafe(message.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " "))
        exit(CommandFailure(.usage, CommandFailure(.usage, sentence).sentence + " See 'rpfwatch --help'."))
    }
    do {
        try LineOutput.standardOutput().write(message + "\n")
    } catch {
        exit(CommandFailure(error))
    }
    exit(ExitStatus.done.rawValue)
}
