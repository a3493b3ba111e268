// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension Sentences {
    /// Who changed what, and how soon after the value was set: of the latest changes, oldest first.
    static func overwriting(_ changes: [FindingReport.ChangedValue]) -> String {
        let shown = changes.suffix(3)
        var parts: [String] = []
        for change in shown {
            let before = change.before.map { "from \($0) " } ?? ""
            var part = "\(terminalSafe(change.setting)) \(before)to \(change.after)"
            part += change.writer.map { " by \($0.phrase)" } ?? ""
            if let previous = changes.last(where: { $0.setting == change.setting && $0.time < change.time }) {
                part += ", \(Wording.duration(change.time.since(previous.time))) after "
                part += previous.writer.map { "\($0.phrase) had set it" } ?? "it had been set"
                part += " to \(previous.after)"
            } else {
                part += " at \(Wording.timeOfDay(change.time)) UTC"
            }
            parts.append(part)
        }
        let left = changes.count - shown.count
        let more = left > 0 ? " (and \(Wording.count(left, "change")) before that)" : ""
        return "While tracing, what counts here was changed: \(parts.joined(separator: "; "))\(more)."
    }
}

extension SettingWriter {
    /// `systemd-sysctl (pid 812)`, `sysctl (pid 4711, started by tuned, pid 700)`, `rpfwatch itself`, safe for a terminal.
    var phrase: String {
        if isOwn { return "rpfwatch itself (pid \(process.id))" }
        let origin = parent.map { $0.id > 1 ? ", started by \(terminalSafe($0.command)), pid \($0.id)" : "" } ?? ""
        return "\(terminalSafe(process.command)) (pid \(process.id)\(origin))"
    }
}
