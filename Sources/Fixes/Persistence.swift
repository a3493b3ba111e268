// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// How a fix survives a reboot.
enum Persistence {
    /// How to make the fix last where no file is offered.
    static func notes(for changes: [Change], in situation: Situation) -> [String] {
        let namespace = situation.finding.namespace
        if !namespace.isInitial {
            return [CreatorNotes(changes, in: situation).sentence]
        }
        return ["Lost at the next boot: put it into this host's network configuration as well."]
    }
}
