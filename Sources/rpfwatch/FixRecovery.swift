// SPDX-License-Identifier: Apache-2.0
import Facts
import Fixes
import Host
import Packets
import Reports

/// `rpfwatch fix --undo`: undoes a trial whose processes were all killed.
enum FixRecovery {
    static func run(_ messages: Messages) throws {
        let file = try TrialFile()
        guard let bytes = file.read() else { return messages.note("There is no trial to undo.") }
        guard let record = TrialRecord(json: bytes) else {
            throw CommandFailure(
                .failed, "The record of the last trial, \(file.description), cannot be read; look at it and remove it")
        }
        guard let namespace = namespace(of: record) else {
            file.remove()
            return messages.note("The network namespace of the trial is gone, and the changes with it.")
        }
        var changer = try NamespaceChanger(namespace)
        let journal = Journal()
        let undone = undoChanges(record.changes, through: &changer)
        journal.write(undone: undone, finding: record.findingID, fix: record.fix)
        for entry in undone { messages.note(entry.line) }
        guard undone.allSatisfy({ $0.problem == nil }) else {
            throw CommandFailure(.failed, "Not everything could be undone; the record stays in \(file.description)")
        }
        file.remove()
        if !undone.contains(where: { $0.found == .made }) { messages.note("Nothing was left to undo.") }
    }

    /// Nil when it is gone, or another one by now.
    private static func namespace(of record: TrialRecord) -> NetworkNamespace? {
        guard let namespace = try? openNamespace(record.namespace), namespace.inode == record.namespace.inode else {
            return nil
        }
        if let cookie = record.namespace.cookie, let now = namespace.cookie, cookie != now { return nil }
        return namespace
    }
}
