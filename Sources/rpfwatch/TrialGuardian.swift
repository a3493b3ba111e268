// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Reports

/// The other process of a trial, as seen from the one that makes it.
struct TrialGuardian: ~Copyable {
    private var process: GuardProcess
    private var isGone = false

    /// It has the whole record and is ready to undo when this returns.
    init(_ record: TrialRecord, file: borrowing TrialFile, namespace: consuming NetworkNamespace) throws {
        var process = try GuardProcess(argument: FixGuardCommand.name, file: file, namespace: namespace)
        guard process.send(record.json()), process.line(within: 30_000_000_000) == Array("ready".utf8) else {
            throw CommandFailure(.failed, "The process that guards the trial does not start, so nothing was changed")
        }
        self.process = process
    }

    /// Readable when it undid the trial by itself or was killed.
    var descriptor: CInt { isGone ? -1 : process.descriptor }

    /// Tells it that the change is to stay; false when it is gone, or undid it already.
    mutating func keep() -> Bool {
        guard !isGone, process.send(Array("keep".utf8)), process.line(within: 30_000_000_000) == Array("kept".utf8)
        else {
            isGone = true
            return false
        }
        process.join()
        return true
    }

    /// Has it undo the trial; nil when it is gone without having done so.
    mutating func undo() -> [UndoneChange]? {
        guard !isGone else { return nil }
        isGone = true
        // It may have undone it by itself, and say so without being asked.
        _ = process.send(Array("undo".utf8))
        let answer = process.line(within: 60_000_000_000)
        process.join()
        return answer.flatMap { UndoneChange.list(json: $0) }
    }
}

/// Takes back all changes, the last one first.
func undoChanges(_ changes: [HostChange], through changer: inout NamespaceChanger) -> [UndoneChange] {
    changes.reversed().map { change in
        do throws(HostError) {
            return UndoneChange(change: change, found: try changer.undo(change))
        } catch {
            return UndoneChange(change: change, found: nil, problem: error.description)
        }
    }
}

extension Journal {
    /// A line for each change that was to be undone.
    borrowing func write(undone: [UndoneChange], finding: String, fix: String) {
        for entry in undone { write(trial: entry.line, finding: finding, fix: fix) }
    }

    /// One line about a trial.
    borrowing func write(trial line: String, finding: String, fix: String) {
        write("fix \(fix) of finding \(finding): \(line)", fields: [("RPF_FINDING_ID", finding), ("RPF_FIX_ID", fix)])
    }
}
