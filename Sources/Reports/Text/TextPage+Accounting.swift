// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension TextPage {
    /// What was watched, what was counted, whether the kernel agrees, and what could not be seen.
    mutating func accounting(_ report: RunReport) {
        blank()
        heading("Accounting")
        watched(report)
        if let totals = report.totals {
            drops(totals)
            otherDrops(totals)
            kernel(totals.kernel)
            if totals.drops > totals.kernel.counted, totals.kernel.ipReversePathFilter != nil {
                let refusals = totals.drops - totals.kernel.counted
                let verb = refusals == 1 ? "is" : "are"
                row("", "\(Wording.count(refusals, "refusal")) while processing ARP \(verb) not in that counter.")
            }
        }
        limits(report)
    }

    private static let indent = 2

    private mutating func row(_ label: String, _ value: String, mark: (String) -> String = { $0 }) {
        paragraph(value, indent: Self.indent, first: Wording.padded(label, 16), mark: mark)
    }

    private mutating func watched(_ report: RunReport) {
        if let window = report.window, !report.isWindowKnown {
            row("Recorded", Wording.span(window.start, window.end))
        } else if let window = report.window {
            let runs = report.runs == 1 ? "" : " in \(Wording.count(report.runs, "run"))"
            row("Watched", "\(Wording.duration(window.observed))\(runs), \(Wording.span(window.start, window.end))")
        }
        if let watched = report.totals?.kernel.netnsWatched, watched > 0 {
            let names = report.namespaces.map(Names.listed)
            let count = Wording.count(watched, "network namespace")
            row(
                "Where",
                names.isEmpty ? count : "\(count): \(Wording.list(names, limit: 6, total: Int(clamping: watched)))")
        }
        if let start = report.start {
            let hooks = start.hooks.isEmpty ? "" : " (\(start.hooks.map(terminalSafe).joined(separator: ", ")))"
            row("How", "tier \(terminalSafe(start.tier))\(hooks) on kernel \(terminalSafe(start.kernelRelease))")
            if let filters = Self.describe(start.filters) { row("Only", filters) }
        }
    }

    /// What was asked for; nil when everything was.
    private static func describe(_ filters: TraceFilters) -> String? {
        var parts: [String] = []
        if !filters.interfaces.isEmpty {
            parts.append("interface \(filters.interfaces.map(terminalSafe).joined(separator: " or "))")
        }
        if let namespace = filters.namespace { parts.append("network namespace \(terminalSafe(namespace))") }
        if let source = filters.source { parts.append("source \(terminalSafe(source))") }
        if let destination = filters.destination { parts.append("destination \(terminalSafe(destination))") }
        if let expression = filters.expression { parts.append("packets that match \"\(terminalSafe(expression))\"") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private mutating func drops(_ totals: Totals) {
        row("rp_filter", Wording.count(totals.drops, "drop"))
        guard totals.drops > 0 else { return }
        var parts = ["\(Wording.number(totals.emitted)) in detail"]
        if totals.suppressed > 0 { parts.append("\(Wording.number(totals.suppressed)) only counted, to keep up") }
        if totals.filtered > 0 { parts.append("\(Wording.number(totals.filtered)) outside the filters") }
        row("", parts.joined(separator: ", "))
        if totals.lost > 0 {
            row(
                "", "\(Wording.number(totals.lost)) lost their detail: too many at once. They are in the count.",
                mark: style.warning)
        }
    }

    private mutating func otherDrops(_ totals: Totals) {
        guard let count = totals.otherDrops else {
            row("Other reasons", "not counted: this kernel gives no drop reasons")
            return
        }
        let reasons = totals.otherReasons.map { "\(terminalSafe($0.reason)) \(Wording.number($0.drops))" }
        let most = reasons.isEmpty ? "" : ": \(reasons.joined(separator: ", "))"
        row("Other reasons", "\(Wording.count(count, "drop"))\(most)")
    }

    private mutating func kernel(_ kernel: KernelReconciliation) {
        let counted = "rpfwatch counted \(Wording.number(kernel.counted))"
        if let grew = kernel.ipReversePathFilter, let unexplained = kernel.unexplained {
            let start = "IPReversePathFilter grew by \(Wording.number(grew)); \(counted): "
            let amount = Wording.number(unexplained.magnitude)
            switch unexplained {
            case 0 where grew == kernel.counted:
                row("Kernel counter", start + "agrees.", mark: style.good)
            case 0:
                let bounds = "\(Wording.number(kernel.min ?? 0)) to \(Wording.number(kernel.max ?? 0))"
                row("Kernel counter", start + "agrees within the window's bounds, \(bounds).", mark: style.good)
            case 1...:
                row(
                    "Kernel counter", start + "the kernel counted \(amount) more that rpfwatch did not see.",
                    mark: style.warning)
            default:
                row(
                    "Kernel counter", start + "\(amount) more than the kernel's counter says.", mark: style.warning)
            }
        } else {
            row("Kernel counter", "could not be read; \(counted).", mark: style.warning)
        }
        if kernel.netnsUnreadable > 0 {
            let namespaces = Wording.count(kernel.netnsUnreadable, "network namespace")
            row(
                "", "The counters of \(namespaces) could not be read and are not in the comparison.",
                mark: style.warning)
        }
    }

    private mutating func limits(_ report: RunReport) {
        guard let start = report.start else { return }
        let isClean = report.findings.isEmpty || report.totals?.kernel.unexplained != 0
        if isClean && !start.blindSpots.isEmpty {
            blank()
            heading("What this tier (\(terminalSafe(start.tier))) cannot see")
            for spot in start.blindSpots { item(terminalSafe(spot), indent: Self.indent) }
        }
        if !start.missingPrivileges.isEmpty {
            blank()
            heading("Missing privileges")
            for privilege in start.missingPrivileges {
                item("\(terminalSafe(privilege.capability)): \(terminalSafe(privilege.cost))", indent: Self.indent)
            }
        }
    }
}
