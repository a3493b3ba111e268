// SPDX-License-Identifier: Apache-2.0
import Facts
import Fixes
import Packets

extension TextPage {
    private static let proofIndent = 5
    private static let tableIndent = 7
    /// Rows that a page shows.
    private static let rowLimit = 16

    /// What the files of this host come to with the file of a fix among them.
    mutating func proof(of persistence: Fix.Persistence) {
        guard let reader = persistence.reader, !persistence.proof.isEmpty else { return }
        blank()
        paragraph(
            "By the rules of \(Wording.printable(reader)), all files of this host and this one come to:",
            indent: Self.proofIndent)
        let lines = persistence.proof
        let moved = lines.filter(\.isMoved)
        let shown = lines.count <= Self.rowLimit ? lines : Array(moved.prefix(Self.rowLimit))
        let rows = shown.map { line in
            [
                InterfaceSysctl.name(line.interface, line.key.rawValue), String(line.now), String(line.before),
                String(line.atBoot), line.createdAgain.map { String($0) } ?? "-",
            ]
        }
        table(
            [["SYSCTL", "NOW", "BOOT BEFORE", "BOOT", "CREATED AGAIN"]] + rows, indent: Self.tableIndent,
            rightAligned: [1, 2, 3, 4])
        let left = lines.count - shown.count
        guard left > 0 else { return }
        paragraph(
            moved.count > shown.count
                ? "\(Wording.count(left, "more value")) \(left == 1 ? "is" : "are") in the JSON output."
                : "\(Wording.count(left, "more value")) \(left == 1 ? "stays" : "stay") what the files make"
                    + " \(left == 1 ? "it" : "them") without it.",
            indent: Self.proofIndent)
    }
}

extension Fix.ProofLine {
    /// The file of the fix changes something about it.
    fileprivate var isMoved: Bool { before != atBoot || createdAgain.map { $0 != atBoot } ?? false || now != atBoot }
}
