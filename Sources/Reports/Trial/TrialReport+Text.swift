// SPDX-License-Identifier: Apache-2.0
import Facts
import Fixes
import Packets

extension TrialReport {
    /// The report for a person, from top to bottom.
    package func text(style: Style) -> String {
        var page = TextPage(style: style)
        page.heading("\(verdict)")
        page.blank()
        page.field("Fix", "\(fix.id.rawValue) for finding \(terminalSafe(finding.id))", indent: Self.indent)
        for (index, change) in changes.enumerated() {
            page.field(index == 0 ? "Changed" : "", "\(change)", indent: Self.indent)
        }
        page.field("Traffic", Wording.printable(traffic), indent: Self.indent)
        page.field("Before", Self.sentence(before), indent: Self.indent)
        page.field(
            "During", Self.sentence(during), indent: Self.indent, mark: outcome == .works ? style.good : style.warning)
        page.field("Others", others, indent: Self.indent, mark: surprises.isEmpty ? { $0 } : style.warning)
        for entry in overwritten {
            page.field("Overwritten", Self.sentence(entry), indent: Self.indent, mark: style.warning)
        }
        result(&page, style)
        return page.text
    }

    private static let indent = 2

    private var verdict: String {
        switch outcome {
        case .works:
            "The fix works: \(Wording.count(during.accepted ?? during.arrived, "packet")) accepted, none dropped."
        case .insufficient: "The fix is not enough: \(Wording.count(during.dropped ?? 0, "packet")) still dropped."
        case .noTraffic: "No packet came while the fix was tried, so nothing is shown."
        case .overwritten: "Somebody else changed what the fix had set, so the trial was ended."
        }
    }

    private static func sentence(_ passage: Passage) -> String {
        let time = Wording.duration(passage.nanoseconds)
        let arrived = "\(Wording.count(passage.arrived, "packet")) in \(time)"
        guard let dropped = passage.dropped, let accepted = passage.accepted else {
            return "\(arrived); this tier does not see which are dropped"
        }
        return "\(arrived): \(Wording.number(dropped)) dropped, \(Wording.number(accepted)) accepted"
    }

    private var others: String {
        guard !surprises.isEmpty else {
            return otherInterfaces == 0
                ? "there is no other interface" : "\(Wording.count(otherInterfaces, "other interface")) unchanged"
        }
        return "not as expected: "
            + Wording.list(
                surprises.map {
                    "\($0.interface.display) is \(Names.mode($0.found)) instead of \(Names.mode($0.expected))"
                }, limit: 8)
    }

    private static func sentence(_ entry: UndoneChange) -> String {
        let writer = entry.writer.map { ", by \($0)" } ?? ""
        return switch entry.found {
        case .overwritten(let value): "\(entry.change): it is \(terminalSafe(value)) now\(writer)"
        case .gone: "\(entry.change): the interface is gone"
        default: "\(entry.change): it is as before the trial\(writer)"
        }
    }

    private func result(_ page: inout TextPage, _ style: Style) {
        if isKept {
            page.field("Kept", "undo it with the commands of the finding's report", indent: Self.indent)
        }
        if let persisted { page.field("Persisted", Wording.printable(persisted), indent: Self.indent) }
        for (index, entry) in undone.enumerated() {
            let label = index == 0 ? "Undone" : ""
            switch entry.found {
            case .made where entry.problem == nil: page.field(label, entry.change.undoing, indent: Self.indent)
            case .notMade: page.field(label, "\(entry.change.undoing): it was so already", indent: Self.indent)
            case .overwritten(let value):
                page.field(
                    label, "left as it is: \(entry.change): somebody made it \(terminalSafe(value))",
                    indent: Self.indent, mark: style.warning)
            case .gone: page.field(label, "\(entry.change.undoing): the interface is gone", indent: Self.indent)
            case .made, nil:
                page.field(
                    label, "NOT UNDONE: \(entry.change): \(Wording.printable(entry.problem ?? "unknown"))",
                    indent: Self.indent, mark: style.warning)
            }
        }
        if let isAsBefore {
            page.field(
                "Afterwards",
                isAsBefore
                    ? "every setting, address, rule and route is as it was before"
                    : "settings, addresses, rules or routes are not as before: something else changed them meanwhile",
                indent: Self.indent)
        }
        if !isKept && outcome == .works {
            page.blank()
            page.paragraph("To keep it:", indent: Self.indent)
            page.commands(["rpfwatch fix \(ShellWord(quoting: finding.id).text) --keep"], indent: Self.indent + 2)
        }
    }
}
