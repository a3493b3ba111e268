// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
package import Fixes
import Packets

/// What `rpfwatch fix` is going to change: shown before it does, or instead with --dry-run.
package struct TrialPlan: Hashable, Sendable {
    package var finding: FindingReport
    package var fix: Fix

    package init(finding: FindingReport, fix: Fix) {
        self.finding = finding
        self.fix = fix
    }

    package func text(style: Style) -> String {
        var page = TextPage(style: style)
        let place = "\(finding.interface.display) in \(Names.long(finding.namespace))"
        page.paragraph(
            "Finding \(terminalSafe(finding.id)): \(finding.cause?.rawValue ?? "unknown") on \(place)", indent: 0,
            mark: style.heading)
        page.blank()
        page.field("Fix", fix.id.rawValue, indent: 2)
        page.field("", Wording.printable(fix.summary), indent: 2)
        for (index, change) in fix.changes.enumerated() {
            page.field(index == 0 ? "Changes" : "", "\(change)", indent: 2)
        }
        for (index, change) in fix.changes.reversed().enumerated() {
            page.field(index == 0 ? "Undo" : "", change.undoing, indent: 2)
        }
        for (index, effect) in fix.sideEffects.enumerated() {
            page.field(index == 0 ? "Side effects" : "", Wording.printable(effect), indent: 2)
        }
        page.blank()
        page.paragraph("The same as commands:", indent: 2)
        page.commands(fix.commands, indent: 4)
        if fix.persist != nil {
            page.blank()
            page.text(of: fix)
        }
        return page.text
    }

    /// The file that makes the fix last, as it will be written.
    package static func file(_ fix: Fix, style: Style) -> String {
        var page = TextPage(style: style)
        page.text(of: fix)
        return page.text
    }
}

extension TextPage {
    fileprivate mutating func text(of fix: Fix) {
        guard let persistence = fix.persist else { return }
        paragraph("Written to \(Wording.printable(persistence.path)) with --persist:", indent: 2)
        commands(persistence.content.split(separator: "\n").map { String($0) }, indent: 4)
    }
}
