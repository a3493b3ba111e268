// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Host
import Reports

/// The process that outlives `rpfwatch fix`: started by it, never by a person. Undoes the trial when it is told to, when
/// nobody is left at the other end, when it is to end itself, and when the trial takes too long.
struct FixGuardCommand: ParsableCommand {
    static let name = "fix-guard"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Used by `fix` itself.", shouldDisplay: false)

    mutating func run() throws {
        let signals = try SignalDescriptor()
        // The terminal's end, its Ctrl-C and its Ctrl-Z are no longer meant for this process.
        _ = setsid()
        let output = LineOutput.standardOutput()
        var reader = LineReader()
        guard let line = reader.line(from: 0, within: 10_000_000_000), let record = TrialRecord(json: line) else {
            throw CommandFailure(.usage, "This is a part of `rpfwatch fix`; run that")
        }
        let file = try TrialFile.inherited()
        var changer = try NamespaceChanger(try GuardProcess.inheritedNamespace())
        try output.write("ready\n")
        let isKept = waitForTheEnd(&reader, signals, deadline: MonotonicClock.now + record.limit)
        if isKept {
            file.remove()
            try output.write("kept\n")
            return
        }
        let journal = Journal()
        let undone = undoChanges(record.changes, through: &changer)
        journal.write(undone: undone, finding: record.findingID, fix: record.fix)
        if undone.allSatisfy({ $0.problem == nil }) { file.remove() }
        // Nobody may be there to hear it.
        try? output.write(UndoneChange.json(undone))
    }

    /// True when the other process says that the changes are to stay.
    private func waitForTheEnd(
        _ reader: inout LineReader, _ signals: borrowing SignalDescriptor, deadline: UInt64
    ) -> Bool {
        while true {
            let now = MonotonicClock.now
            guard now < deadline else { return false }
            let ready = Poller.wait([0, signals.descriptor], nanoseconds: deadline - now)
            // Ctrl-C and the end of the terminal are for the other process.
            if ready[1] && signals.pending().contains(SIGTERM) { return false }
            if ready[0] { return reader.line(from: 0, within: 1_000_000_000) == Array("keep".utf8) }
        }
    }
}
