// SPDX-License-Identifier: Apache-2.0
import Attribution
import Fixes
import Packets

extension FindingReport {
    /// Octets of commands that still read well in one line.
    private static let hintLimit = 200

    /// One line for who watches drops go by: what was found and what to run. The report says the rest.
    package var hint: String {
        let place = "\(interface.display) in \(Names.long(namespace))"
        let what = cause?.rawValue ?? "rp_filter, cause unknown"
        let commands = fix.commands.joined(separator: " && ")
        let remedy =
            if fix.id == .none {
                "nothing to change: \(fix.summary)"
            } else if fix.incomplete || commands.utf8.count > Self.hintLimit {
                "fix \(fix.id.rawValue), see the report"
            } else {
                "fix \(fix.id.rawValue): \(commands)"
            }
        return "\(place): \(what); \(remedy)"
    }
}
