// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension Situation {
    /// Who changed the values that a fix sets while they were watched, and so may do it again: one sentence a value.
    func overwriteNotes(on changes: [Change], isPersistent: Bool) -> [String] {
        changes.compactMap { change in
            guard case .sysctl(let setting) = change, let scope = setting.directory(in: facts),
                let latest = facts.settingChanges.last(where: { seen in
                    seen.setting == Setting(scope, setting.key) && seen.writer?.isOwn != true
                        && setting.key.normalized(seen.after) != setting.key.normalized(setting.value)
                })
            else { return nil }
            let name = InterfaceSysctl.name(scope, setting.key.rawValue)
            let before = latest.before.map { "from \($0) " } ?? ""
            let what = "\(name) \(before)to \(latest.after) while this was traced"
            let remedy = isPersistent ? "the persistent form is in place, and it reads that" : "it is told otherwise"
            guard let writer = latest.writer else {
                return "Something changed \(what), and will overwrite the value again unless \(remedy)."
            }
            let who = "\(terminalSafe(writer.process.command)) (pid \(writer.process.id))"
            return "\(who) changed \(what), and will overwrite the value again unless \(remedy)."
        }
    }
}
