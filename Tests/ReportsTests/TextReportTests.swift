// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets
import Reports
import Testing

@Suite struct TextReportTests {
    private func report(
        findings: [FindingReport] = [Samples.finding, Samples.localSource], start: StartInfo = Samples.startInfo,
        end: EndInfo = Samples.end
    ) -> RunReport {
        RunReport(origin: Samples.origin, start: start, findings: findings, end: end)
    }

    @Test func aRunWithFindings() {
        expectSnapshot("run", TextReport.render(report(), style: .plain))
    }

    @Test func aRunWithoutAnyDrop() {
        var end = Samples.end
        end.totals = Totals(
            otherDrops: 57, otherReasons: Samples.totals.otherReasons,
            kernel: KernelReconciliation(ipReversePathFilter: 0, min: 0, max: 0, netnsWatched: 1))
        end.namespaces = [Samples.host]
        var start = Samples.startInfo
        start.filters = TraceFilters(interfaces: ["eth*"], namespace: "blue", source: "203.0.113.0/24")
        start.missingPrivileges = [
            MissingPrivilege(capability: "CAP_SYSLOG", cost: "The kernel function that freed a packet is not named.")
        ]
        expectSnapshot("no-drop", TextReport.render(report(findings: [], start: start, end: end), style: .plain))
    }

    @Test func colourAddsNothingButColour() {
        let colored = TextReport.render(report(), style: .color)
        let plain = colored.replacing(/\u{1B}\[[0-9]+m/, with: "")
        #expect(plain == TextReport.render(report(), style: .plain))
        #expect(colored != plain)
    }

    /// Every cause with every factor, and every state of the kernel's counter.
    @Test func everySentenceIsThere() {
        var findings: [FindingReport] = []
        for (index, cause) in ([nil] + Cause.allCases.map(Optional.some)).enumerated() {
            var finding = Samples.finding
            finding.id = "000000000000000\(index)"
            finding.cause = cause
            finding.attributed = cause?.isAttributed ?? true
            finding.drops = UInt64(100 - index)
            finding.factors = index == 1 ? Factor.allCases : []
            finding.rejected = []
            finding.alternatives = []
            if index != 1 {
                finding.fix = Fix(
                    id: .none, summary: "Change nothing.", predicted: .drop, admits: Fix.Admission(packets: 0, of: 1))
            }
            finding.path = index < PacketPath.allCases.count ? PacketPath.allCases[index] : nil
            finding.reverse =
                [
                    nil, finding.reverse, ReverseRoute(kind: "none"), finding.reverse,
                    ReverseRoute(kind: "local", interface: "lo", table: 255, rulePriority: 0),
                    ReverseRoute(kind: "broadcast", interface: "eth0", table: 255, rulePriority: 0), nil, nil, nil,
                ][index]
            finding.mark = index == 1 ? 0x2A : nil
            finding.sysctls =
                [
                    nil, SysctlValues(all: 1, interface: 0), SysctlValues(all: 0, interface: 1),
                    SysctlValues(all: 2, interface: 2), SysctlValues(all: 0, interface: 0),
                    SysctlValues(all: 3, interface: 1),
                    nil, nil, nil,
                ][index]
            findings.append(finding)
        }
        expectSnapshot("every-cause", TextReport.render(report(findings: findings), style: .plain))
    }

    @Test func theKernelsCounterMayDisagree() {
        func line(_ kernel: KernelReconciliation, arp: UInt64 = 0) -> String {
            var end = Samples.end
            end.totals.kernel = kernel
            end.totals.drops = kernel.counted + arp
            let text = TextReport.render(report(findings: [], end: end), style: .plain)
            let lines = text.split(separator: "\n")
            guard let first = lines.firstIndex(where: { $0.contains("Kernel counter") }) else { return "" }
            return lines[first...].prefix { $0.contains("Kernel counter") || $0.hasPrefix("                  ") }
                .map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: " ")
        }
        #expect(
            line(KernelReconciliation(counted: 1204, ipReversePathFilter: 1204, min: 1204, max: 1204))
                == "Kernel counter IPReversePathFilter grew by 1,204; rpfwatch counted 1,204: agrees.")
        #expect(
            line(KernelReconciliation(counted: 10, ipReversePathFilter: 11, min: 9, max: 12)).hasSuffix(
                "grew by 11; rpfwatch counted 10: agrees within the window's bounds, 9 to 12."))
        #expect(
            line(KernelReconciliation(counted: 10, ipReversePathFilter: 12, min: 12, max: 12)).hasSuffix(
                "the kernel counted 2 more that rpfwatch did not see."))
        #expect(
            line(KernelReconciliation(counted: 10, ipReversePathFilter: 8, min: 8, max: 8)).hasSuffix(
                "2 more than the kernel's counter says."))
        #expect(
            line(KernelReconciliation(counted: 10, ipReversePathFilter: 10, min: 10, max: 10), arp: 1)
                .hasSuffix("agrees. 1 refusal while processing ARP is not in that counter."))
        #expect(line(KernelReconciliation(counted: 10)) == "Kernel counter could not be read; rpfwatch counted 10.")
        #expect(
            line(
                KernelReconciliation(
                    counted: 1, ipReversePathFilter: 1, min: 1, max: 1, netnsWatched: 2, netnsUnreadable: 1)
            ).hasSuffix("The counters of 1 network namespace could not be read and are not in the comparison."))
    }

    @Test func oneIsNotPlural() {
        var finding = Samples.finding
        finding.drops = 1
        finding.fix.admits = Fix.Admission(packets: 1, of: 1)
        var end = Samples.end
        end.totals = Totals(
            drops: 1, emitted: 1, otherDrops: 1, kernel: KernelReconciliation(counted: 1, netnsWatched: 1))
        let text = TextReport.render(report(findings: [finding], end: end), style: .plain)
        for wrong in [
            "1 packets", "1 drops", "1 problems", "1 network namespaces",
            "1 packet from 203.0.113.0/24 and 198.51.100.77 to 192.0.2.10, entering eth0 in the host's network namespace, were",
        ] {
            #expect(!text.split(separator: "\n").joined(separator: " ").contains(wrong), "\(wrong)")
        }
    }

    @Test func hostileTextReachesNoTerminal() {
        let hostile = "\u{1B}]0;x\u{7}\u{1B}[2J\u{9B}31m\u{202E}\r\n\u{7F}"
        var finding = Samples.finding
        finding.id = hostile
        finding.interface = InterfaceName(bytes: Array(hostile.utf8) + [0xFF])
        finding.interfaceKind = hostile
        finding.vrf = InterfaceName(hostile)
        finding.dropReason = hostile
        finding.factors = Factor.allCases
        finding.reverse = ReverseRoute(kind: hostile, interface: InterfaceName(hostile))
        finding.filterRule = FilterRule(
            tool: .iptables(command: hostile), family: hostile, table: hostile, chain: hostile, position: 1,
            text: hostile)
        finding.namespace = NamespaceIdentity(inode: 1, processID: 7, command: hostile)
        finding.fix = Fix(
            id: .interfaceLoose, summary: hostile, commands: [hostile], revert: [hostile],
            persist: Fix.Persistence(path: hostile, content: hostile), predicted: .accept,
            admits: Fix.Admission(packets: 1, of: 1),
            widens: [Fix.Widening(interface: InterfaceName(hostile), before: 1, after: 2)], sideEffects: [hostile])
        finding.alternatives = [finding.fix]
        finding.rejected = [RejectedRecipe(recipe: hostile, commands: [hostile], reason: hostile)]
        var findings = [finding]
        for cause in Cause.allCases {
            finding.cause = cause
            finding.namespace.name = hostile
            findings.append(finding)
            finding.namespace.name = nil
            finding.namespace.container = Container(id: hostile, name: hostile)
        }
        var report = report(findings: findings)
        report.origin.host = hostile
        report.start = StartInfo(
            kernelRelease: hostile, architecture: hostile, tier: hostile, hooks: [hostile],
            filters: TraceFilters(
                interfaces: [hostile], namespace: hostile, source: hostile, destination: hostile, expression: hostile),
            blindSpots: [hostile], missingPrivileges: [MissingPrivilege(capability: hostile, cost: hostile)])
        report.totals?.otherReasons = [ReasonCount(reason: hostile, drops: 1)]
        report.totals?.kernel.ipReversePathFilter = nil
        report.dropGroups = [
            RunReport.DropGroup(
                namespace: hostile, interface: InterfaceName(hostile), cause: hostile, attributed: true, drops: 1)
        ]
        let text = TextReport.render(report, style: .plain)
        #expect(isFitForTerminal(text))

        var follow = FollowLine(style: .plain)
        let attribution = DropAttribution(
            attributed: false, cause: .other, certainty: Certainty(attributed: .observed, cause: .observed),
            reverse: ReverseRoute(kind: hostile, interface: InterfaceName(hostile)))
        for namespace in findings.map(\.namespace) {
            let event = Samples.drop(
                interface: InterfaceName(hostile), namespace: namespace, attribution: attribution, reason: hostile)
            guard case .drop(let drop) = event.payload else { return }
            #expect(isFitForTerminal(follow.line(drop, at: event.time)))
        }
        let status = StatusLine(
            elapsed: 1, drops: 1,
            rates: [StatusLine.Rate(namespace: hostile, interface: InterfaceName(hostile), perSecond: 1)])
        #expect(isFitForTerminal(String(status.render(width: 300, style: .plain).dropFirst(StatusLine.erase.count))))
    }
}

/// No control or format character but the line feeds that end lines.
func isFitForTerminal(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: scalar == "\n"
        default: true
        }
    }
}

@Suite struct HintTests {
    @Test func hintNamesPlaceCauseAndCommands() {
        #expect(
            Samples.finding.hint
                == "eth0 in the host's network namespace: wrong_interface; "
                + "fix interface_loose: sysctl -w net.ipv4.conf.eth0.rp_filter=2")
    }

    @Test func hintPointsToTheReportWhenCommandsDoNotFit() {
        var finding = Samples.finding
        finding.fix.incomplete = true
        #expect(finding.hint.hasSuffix("fix interface_loose, see the report"))
        finding.fix.incomplete = false
        finding.fix.commands = Array(repeating: "sysctl -w net.ipv4.conf.eth0.rp_filter=2", count: 9)
        #expect(finding.hint.hasSuffix("fix interface_loose, see the report"))
    }

    @Test func hintKeepsHostileNamesFromTheTerminal() {
        var finding = Samples.finding
        finding.interface = InterfaceName(bytes: [0x1B, 0x5B, 0x32, 0x4A])
        #expect(finding.hint.utf8.allSatisfy { $0 >= 0x20 })
    }
}
