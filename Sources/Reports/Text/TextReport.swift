// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// The final report for a person: what happened, why, what to paste, what that opens and how to undo it, and whether the
/// kernel's own counter agrees.
package enum TextReport {
    /// One host's report.
    package static func render(_ report: RunReport, style: Style) -> String {
        var page = TextPage(style: style)
        page.paragraph(summary(report), indent: 0, mark: style.heading)
        remarks(report, on: &page)

        let attributed = report.findings.filter(\.attributed)
        let others = report.findings.filter { !$0.attributed }
        for (index, finding) in attributed.enumerated() {
            page.blank()
            page.write(finding, number: index + 1)
        }
        if !others.isEmpty {
            page.blank()
            page.heading("Not rp_filter")
            page.paragraph(
                "These packets were dropped too and look alike, but changing rp_filter does not help them.", indent: 0)
        }
        for (index, finding) in others.enumerated() {
            page.blank()
            page.write(finding, number: attributed.count + index + 1)
        }
        page.write(report.dropGroups)
        if report.start != nil || report.totals != nil || report.window != nil { page.accounting(report) }
        return page.text
    }

    /// The reports of several hosts, one below the other.
    package static func render(_ reports: [RunReport], style: Style) -> String {
        let rule = String(repeating: "=", count: TextPage.width)
        return reports.map { render($0, style: style) }.joined(separator: "\n\(rule)\n\n")
    }

    /// `rpfwatch on web-1: rp_filter dropped 1,204 packets in 30 s; 1 problem was found.`
    private static func summary(_ report: RunReport) -> String {
        let attributed = report.findings.filter(\.attributed)
        let counted =
            report.totals?.drops
            ?? attributed.reduce(0) { $0 &+ $1.drops }
            &+ report.dropGroups.filter(\.attributed).reduce(0) { $0 &+ $1.drops }
        let time = report.isWindowKnown ? report.window.map { " in \(Wording.duration($0.observed))" } ?? "" : ""
        let least = report.totals == nil && counted > 0 ? "at least " : ""
        let dropped = counted == 0 ? "no packet" : least + Wording.count(counted, "packet")
        var text = "rpfwatch on \(terminalSafe(report.origin.host)): rp_filter dropped \(dropped)\(time)"
        if !attributed.isEmpty {
            text += "; \(Wording.count(attributed.count, "problem was found", "problems were found"))"
        }
        let others = report.findings.count - attributed.count
        if others > 0 {
            let noun = others == 1 ? "look-alike that is" : "look-alikes that are"
            text += attributed.isEmpty ? "; " : " and "
            text += "\(Wording.number(others)) \(noun) not rp_filter"
        }
        return text + "."
    }

    /// What a reader must know about the report itself.
    private static func remarks(_ report: RunReport, on page: inout TextPage) {
        if report.unfinishedRuns > 0 {
            let basis =
                report.totals == nil
                ? "no totals were recorded; the numbers are those of the recorded events."
                : "the totals are the last that were recorded."
            let subject =
                report.runs == 1
                ? "The recording has no end (cut short, or still being written)"
                : "\(Wording.number(report.unfinishedRuns)) of \(Wording.number(report.runs)) recorded runs have no end"
                    + " (cut short, or still being written)"
            page.paragraph("\(subject): \(basis)", indent: 0, mark: page.style.warning)
        }
        if report.overlaps {
            page.paragraph(
                "Some of the recorded runs overlap in time: drops that several of them saw are counted several times.",
                indent: 0, mark: page.style.warning)
        }
    }
}

extension TextPage {
    /// A table of single recorded drops, for recordings without findings.
    fileprivate mutating func write(_ groups: [RunReport.DropGroup]) {
        guard !groups.isEmpty else { return }
        blank()
        heading("Recorded drops")
        paragraph(
            "The recording has single drops but no finding, so causes are counted and no fix can be given.", indent: 0)
        blank()
        let rows =
            [["DROPS", "RP_FILTER", "NETNS", "IFACE", "CAUSE"]]
            + groups.sorted().map {
                [
                    Wording.number($0.drops), $0.attributed ? "yes" : "no", terminalSafe($0.namespace),
                    $0.interface.display, terminalSafe($0.cause),
                ]
            }
        table(rows, indent: 2, rightAligned: [0])
    }

    /// Columns as wide as their widest cell; the last is not filled up.
    mutating func table(_ rows: [[String]], indent: Int, rightAligned: Set<Int> = []) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let fill = String(repeating: " ", count: max(0, widths[column] - cell.count))
                if rightAligned.contains(column) { return fill + cell }
                return column == row.count - 1 ? cell : cell + fill
            }
            line(cells.joined(separator: "  "), indent: indent)
        }
    }
}
