// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets

extension ExplainReport {
    private static let indent = 5

    /// From top to bottom: the verdict, the way there, what would have to differ, what the kernel says, and the fix.
    package func text(style: Style) -> String {
        var page = TextPage(style: style)
        page.paragraph(headline, indent: 0, mark: isRefused ? style.warning : style.good)
        page.section("The way there")
        for (index, step) in steps.enumerated() {
            page.paragraph(step, indent: Self.indent, first: "\(index + 1). ")
        }
        if let finding {
            for factor in finding.factors {
                page.item(Sentences.sentence(for: factor, in: finding), indent: Self.indent)
            }
            page.conditions(finding.passesIf)
        }
        if let opinion { page.write(opinion) }
        if !unknown.isEmpty {
            page.section("What is not known")
            for sentence in unknown { page.item(Wording.printable(sentence), indent: Self.indent) }
        }
        if let finding {
            page.advice(of: finding, isSupposed: true)
            page.rejected(finding.rejected)
            page.alternatives(finding.alternatives)
        }
        return page.text
    }

    /// One row for each interface.
    package static func table(_ reports: [Self], style: Style) -> String {
        var page = TextPage(style: style)
        if let first = reports.first {
            page.paragraph(
                "\(first.subject) in \(Names.long(first.namespace)), by the interface that it comes in by:", indent: 0,
                mark: style.heading)
            page.blank()
        }
        let rows = reports.map { report in
            [
                report.interface.display,
                "\(Names.mode(report.sysctls.effective)) (all \(report.sysctls.all), own \(report.sysctls.interface))",
                report.verdict.word.replacing("_", with: " "), report.finding?.cause?.rawValue ?? "-",
                report.reverse.map { Names.short($0) } ?? "-", report.finding?.fix.id.rawValue ?? "-",
                report.opinion?.agrees.map { $0 ? "agrees" : "DISAGREES" } ?? "-",
            ]
        }
        page.table([["IFACE", "MODE", "VERDICT", "CAUSE", "ROUTE BACK", "FIX", "KERNEL"]] + rows, indent: 0)
        for report in reports {
            guard case .notEvaluated(let reason) = report.verdict else { continue }
            page.blank()
            page.paragraph("Not evaluated: \(Wording.printable(reason)).", indent: 0)
            break
        }
        for sentence in Set(reports.flatMap(\.unknown)).sorted() {
            page.blank()
            page.paragraph(Wording.printable(sentence), indent: 0)
        }
        return page.text
    }

    private var isRefused: Bool { verdict == .drop || verdict == .refuse }

    /// `A packet from 203.0.113.5 to 192.0.2.1`, with what else the lookups see of it.
    private var subject: String {
        if isARP { return "An ARP request of \(packet.source) for \(packet.destination)" }
        func end(_ address: IPv4Address, _ port: UInt16?) -> String { port.map { "\(address):\($0)" } ?? "\(address)" }
        var text =
            "A packet from \(end(packet.source, packet.sourcePort))"
            + " to \(end(packet.destination, packet.destinationPort))"
        var details: [String] = []
        if packet.mark != 0 { details.append("mark 0x" + String(packet.mark, radix: 16)) }
        if packet.tos != 0 { details.append("tos 0x" + String(packet.tos, radix: 16)) }
        if !details.isEmpty { text += " (\(details.joined(separator: ", ")))" }
        return text
    }

    private var headline: String {
        let place = "entering \(interface.display) in \(Names.long(namespace))"
        let cause = finding?.cause.map { ": \($0.rawValue)" } ?? ""
        return switch verdict {
        case .accept: "\(subject), \(place), is accepted."
        case .drop where isARP: "\(subject), \(place), is not answered because of rp_filter\(cause)."
        case .drop: "\(subject), \(place), is dropped by rp_filter\(cause)."
        case .refuse where isARP: "\(subject), \(place), is not answered, but not because of rp_filter\(cause)."
        case .refuse: "\(subject), \(place), is refused, but not by rp_filter\(cause)."
        case .notEvaluated(let reason):
            "\(subject), \(place), does not come to the source check: \(Wording.printable(reason))."
        }
    }

    private var steps: [String] {
        var steps: [String] = []
        if let forward { steps.append("The destination \(packet.destination): \(Self.describe(forward)).") }
        if case .notEvaluated = verdict { return steps }
        if let path { steps.append(Self.meaning(path)) }
        steps.append(
            "rp_filter of \(interface.display) is \(sysctls.effective) (\(Names.mode(sysctls.effective))): the larger of"
                + " all \(sysctls.all) and its own \(sysctls.interface)."
                + (finding?.owners.map { " \($0.sentence(interface: interface.display))" } ?? ""))
        if let reverse {
            let mark = packet.mark == 0 ? "" : sysctls.srcValidMark ? ", with the mark" : ", without the mark"
            let consulted = tables.isEmpty ? "" : " (looked in \(tables.map(Names.table).joined(separator: ", ")))"
            steps.append("The way back to \(packet.source)\(mark): \(Self.describe(reverse))\(consulted).")
        } else {
            steps.append("The check is decided without a lookup of the way back.")
        }
        steps.append(conclusion)
        return steps
    }

    private var conclusion: String {
        if let finding { return Sentences.explanation(of: finding) }
        guard let reverse else { return "rp_filter is off and the source is no address of this host: accepted." }
        if reverse.interface == interface || reverse.kind == "local" {
            return "The way back uses \(interface.display): accepted in any mode."
        }
        return switch Names.mode(sysctls.effective) {
        case "off": "rp_filter is off, so the way back may lead anywhere: accepted."
        case "loose": "Loose mode accepts a source that can be reached by whichever interface: accepted."
        default: "One of the route's ways uses \(interface.display): accepted."
        }
    }

    private static func meaning(_ path: PacketPath) -> String {
        switch path {
        case .input: "It is for this host itself."
        case .forward: "It is to be forwarded; the way back is looked up as for a packet from the outgoing interface."
        case .multicast: "It is multicast: the way back is looked up without a source address."
        case .broadcast: "It is a broadcast: the way back is looked up without a source address."
        case .arp: "Before ARP answers, the kernel checks the sender like the source of a packet."
        }
    }

    /// `rule 32766, table main, 203.0.113.0/25, by eth1 via 198.51.100.1`.
    private static func describe(_ route: ReverseRoute) -> String {
        if route.kind == "none" { return "no route" }
        var parts: [String] = []
        if let priority = route.rulePriority { parts.append("rule \(priority)") }
        if let table = route.table { parts.append("table \(Names.table(table))") }
        if let prefix = route.prefix { parts.append(prefix.length == 0 ? "default route" : "\(prefix)") }
        if route.kind != "unicast" { parts.append("type \(terminalSafe(route.kind))") }
        if let interface = route.interface {
            parts.append("by \(interface.display)" + (route.gateway.map { " via \($0)" } ?? ""))
        }
        return parts.joined(separator: ", ")
    }
}

extension TextPage {
    fileprivate mutating func section(_ title: String) {
        blank()
        heading(title, indent: 3)
    }

    fileprivate mutating func write(_ opinion: ExplainReport.Opinion) {
        section("The kernel's own answer")
        let text = "Asked the same by RTM_GETROUTE, the kernel \(Wording.printable(opinion.answer))"
        switch opinion.agrees {
        case true?: paragraph("\(text): it agrees.", indent: 5, mark: style.good)
        case false?:
            paragraph("\(text): it DISAGREES with the above, and the kernel is right.", indent: 5, mark: style.warning)
        case nil: paragraph("\(text), which does not tell.", indent: 5)
        }
    }

    fileprivate mutating func conditions(_ conditions: [String]) {
        guard !conditions.isEmpty else { return }
        section("It would pass if any one of these were so")
        for condition in conditions { item("\(Wording.printable(condition)).", indent: 5) }
    }
}
