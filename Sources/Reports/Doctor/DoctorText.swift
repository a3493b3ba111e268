// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension DoctorReport {
    package func text(style: Style) -> String {
        var page = TextPage(style: style)
        let place = "rpfwatch on \(terminalSafe(origin.host)), kernel \(terminalSafe(kernelRelease))"
        if let chosenTier {
            page.paragraph("\(place): ready, tier \(terminalSafe(chosenTier)).", indent: 0, mark: style.heading)
        } else {
            page.paragraph("\(place): tracing is not possible.", indent: 0, mark: style.heading)
        }
        page.blank()
        page.kernel(of: self)
        page.tiers(of: self)
        if !blindSpots.isEmpty, let chosenTier {
            page.blank()
            page.heading("What tier \(terminalSafe(chosenTier)) cannot see")
            for spot in blindSpots { page.item(terminalSafe(spot), indent: 2) }
        }
        page.blank()
        page.heading("rp_filter of every interface")
        for namespace in namespaces { page.modes(of: namespace) }
        return page.text
    }
}

extension TextPage {
    private static let labelWidth = 16

    private mutating func row(_ label: String, _ value: String, mark: (String) -> String = { $0 }) {
        paragraph(value, indent: 2, first: Wording.padded(label, Self.labelWidth), mark: mark)
    }

    fileprivate mutating func kernel(of report: DoctorReport) {
        heading("Kernel and privileges")
        row("Machine", terminalSafe(report.architecture))
        if let version = report.libbpfVersion { row("libbpf", terminalSafe(version)) }
        if let problem = report.btfProblem {
            row("Kernel types", "not usable: \(terminalSafe(problem))", mark: style.warning)
        } else {
            row("Kernel types", "BTF can be read", mark: style.good)
        }
        switch report.hasDropReasons {
        case true?: row("Drop reasons", "given by this kernel", mark: style.good)
        case false?: row("Drop reasons", "not given by this kernel (Linux 5.17 and later do)", mark: style.warning)
        case nil: row("Drop reasons", "not known")
        }
        switch (report.seesWriters, report.writesProblem) {
        case (nil, _): break
        case (true?, nil): row("Sysctl writes", "traced to the process that writes", mark: style.good)
        case (_, let problem): row("Sysctl writes", terminalSafe(problem ?? "not traced"), mark: style.warning)
        }
        if report.missingPrivileges.isEmpty {
            row("Privileges", "nothing is missing", mark: style.good)
        }
        for (index, privilege) in report.missingPrivileges.enumerated() {
            row(
                index == 0 ? "Privileges" : "",
                "\(terminalSafe(privilege.capability)) is missing: \(terminalSafe(privilege.cost))", mark: style.warning
            )
        }
    }

    fileprivate mutating func tiers(of report: DoctorReport) {
        blank()
        heading("Hook tiers, the best first")
        for status in report.tiers {
            let name = terminalSafe(status.tier)
            if let refusal = status.refusal {
                row(name, "not usable: \(terminalSafe(refusal))", mark: style.warning)
            } else {
                row(name, status.tier == report.chosenTier ? "usable, will be used" : "usable", mark: style.good)
            }
        }
    }

    fileprivate mutating func modes(of modes: DoctorReport.NamespaceModes) {
        blank()
        let name = Names.long(modes.namespace)
        if let problem = modes.problem {
            paragraph("In \(name): not known. \(terminalSafe(problem))", indent: 2, mark: style.warning)
            return
        }
        line("In \(name), where all is \(modes.all.map { String($0) } ?? "not known"):", indent: 2)
        guard !modes.interfaces.isEmpty else { return line("no interface", indent: 4) }
        let hasOwners = modes.interfaces.contains { $0.owner != nil }
        let rows =
            [["IFACE", "KIND", "IPV4", "OWN", "EFFECTIVE"] + (hasOwners ? ["OWNER"] : [])]
            + modes.interfaces.map { mode in
                let source = mode.effective > mode.own ? " (from all)" : ""
                return [
                    mode.interface.display, mode.kind.map(terminalSafe) ?? "-", mode.hasAddress ? "yes" : "no",
                    String(mode.own), "\(mode.effective) \(Names.mode(mode.effective))\(source)",
                ] + (hasOwners ? [mode.owner?.sentence ?? "-"] : [])
            }
        table(rows, indent: 4, rightAligned: [3])
        for (name, value, owner) in [
            ("all", modes.all, modes.allOwner), ("default", modes.default, modes.defaultOwner),
        ] {
            guard let value, let owner else { continue }
            line("\(name) is \(value): \(owner.sentence)", indent: 4)
        }
        if let reader = modes.reader { line("Files by the rules of \(Wording.printable(reader)).", indent: 4) }
    }
}
