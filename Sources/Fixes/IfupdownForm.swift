// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// A further stanza for the interface with the commands of the fix (interfaces(5)): ifupdown carries out all stanzas of an
/// interface, in the order in which it reads them.
enum IfupdownForm {
    static func form(
        _ part: NetworkPart, _ stanza: IfupdownStanza, _ situation: Situation
    ) -> PersistentNetwork {
        let pairs = part.changes.compactMap { change in
            change.commands(in: .direct, facts: situation.facts).map { (change, $0) }
        }
        let up = pairs.map { "up \($0.1.apply)" }
        // Values of an interface go with it.
        let down = pairs.reversed().filter { !$0.0.isSysctl }.map { "down \($0.1.revert)" }
        let place = terminalSafe(stanza.place.description)
        guard let later = stanza.laterFiles, isTaken(part.link.name) else {
            return PersistentNetwork(
                file: nil,
                notes: [
                    "Lost at the next boot. ifupdown configures \(part.name) by the stanza at \(place): to keep it, add"
                        + " the lines \(listing((up + down).map { "`\($0)`" }, limit: 12)) there."
                ])
        }
        let content =
            Fix.Persistence.header(situation) + "iface \(part.link.name.text) inet manual\n"
            + (up + down).map { "    \($0)\n" }.joined()
        let path = "\(later.directory)/\(IfupdownStanza.LaterFiles.prefix)\(situation.finding.id)\(later.suffix)"
        return PersistentNetwork(
            file: Fix.Persistence(path: path, content: content),
            notes: [
                "ifupdown configures \(part.name) (\(place)) and carries this stanza out after it; the next `ifup` reads"
                    + " it."
            ])
    }

    /// Names that are no pattern, no comment and no alias, and that need no escape in a line of the file.
    private static func isTaken(_ name: InterfaceName) -> Bool {
        name.bytes.first != UInt8(ascii: "#")
            && name.bytes.allSatisfy { (0x21...0x7E).contains($0) && !Array("\\*?[]=".utf8).contains($0) }
    }
}
