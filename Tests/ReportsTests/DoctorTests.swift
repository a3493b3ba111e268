// SPDX-License-Identifier: Apache-2.0
import Facts
import Foundation
import Packets
import Reports
import Testing

@Suite struct DoctorTests {
    private let facts = NetworkFacts(
        namespace: Samples.host,
        links: [
            Link(index: 1, name: "lo", isLoopback: true), Link(index: 2, name: "eth0"),
            Link(index: 3, name: "eth1.100", kind: "vlan"),
            Link(index: 4, name: InterfaceName(bytes: [0x1B, 0xFF]), kind: "tun"),
        ],
        addresses: [
            InterfaceAddress(
                interface: 2, local: Samples.address("192.0.2.10"), prefix: Samples.prefix("192.0.2.0/24"))
        ],
        configuration: NamespaceConfiguration(
            all: InterfaceConfiguration(rpFilter: 1),
            interfaces: [
                2: InterfaceConfiguration(rpFilter: 0), 3: InterfaceConfiguration(rpFilter: 2),
                4: InterfaceConfiguration(rpFilter: 1),
            ]),
        sysctlSources: Samples.sysctlSources)

    private var report: DoctorReport {
        DoctorReport(
            origin: Samples.origin, kernelRelease: "6.18.44", architecture: "x86_64", libbpfVersion: "1.1.2",
            hasDropReasons: true,
            missingPrivileges: [
                MissingPrivilege(capability: "CAP_SYSLOG", cost: "Drop locations are addresses without names.")
            ],
            tiers: [
                DoctorReport.TierStatus(tier: "fexit", refusal: "The kernel refuses trampolines (EPERM)."),
                DoctorReport.TierStatus(tier: "kprobe", refusal: "This kernel is built without kprobes."),
                DoctorReport.TierStatus(
                    tier: "tracepoint", refusal: nil, blindSpots: Samples.startInfo.blindSpots),
            ],
            chosenTier: "tracepoint", blindSpots: Samples.startInfo.blindSpots,
            namespaces: [
                DoctorReport.NamespaceModes(facts),
                DoctorReport.NamespaceModes(namespace: Samples.blue, problem: "CAP_SYS_ADMIN is missing to enter it."),
                DoctorReport.NamespaceModes(namespace: Samples.web, all: 0),
            ])
    }

    @Test func theAnswerReadsFromTopToBottom() {
        expectSnapshot("doctor", report.text(style: .plain))
    }

    @Test func nothingUsableIsSaidFirst() {
        var report = report
        report.tiers[2].refusal = "CAP_BPF is missing."
        report.chosenTier = nil
        report.btfProblem = "/sys/kernel/btf/vmlinux is not there."
        report.hasDropReasons = false
        let text = report.text(style: .plain)
        #expect(text.hasPrefix("rpfwatch on web-1, kernel 6.18.44: tracing is not possible.\n"))
        #expect(text.contains("not usable: /sys/kernel/btf/vmlinux is not there."))
    }

    @Test func jsonSaysTheSame() throws {
        let octets = Output(.json, showsDrops: false, style: .plain).render(report)
        #expect(octets.count { $0 == UInt8(ascii: "\n") } == 1)
        let json = try JSONSerialization.jsonObject(with: Data(octets))
        #expect(value(json, "host.os.kernel") as? String == "6.18.44")
        #expect(value(json, "rpf.doctor.tier") as? String == "tracepoint")
        let tiers = try #require(value(json, "rpf.doctor.tiers") as? [[String: Any]])
        #expect(tiers.map { $0["usable"] as? Bool } == [false, false, true])
        #expect(tiers.map { $0["blind"] as? [String] } == [[], [], Samples.startInfo.blindSpots])
        let namespaces = try #require(value(json, "rpf.doctor.namespaces") as? [[String: Any]])
        let modes = try #require(namespaces.first?["interfaces"] as? [[String: Any]])
        #expect(modes.map { $0["effective"] as? Int } == [1, 1, 2, 1])
        #expect(modes.last?["interface_hex"] as? String == "1bff")
        let owners = modes.map { ($0["owner"] as? [String: Any])?["source"] as? String }
        #expect(
            owners.first == "/usr/lib/sysctl.d/50-default.conf:4" || owners.first??.hasPrefix("set by hand") == true)
        #expect(owners.dropFirst().first == "/etc/sysctl.d/60-\u{1B}[2J.conf:2")
        #expect((namespaces.last?["all_owner"] as? [String: Any]) == nil)
        #expect(value(namespaces[0], "sysctl_reader") as? String == "systemd-sysctl 252")
    }

    @Test func hostileNamesReachNoTerminal() {
        let hostile = "\u{1B}[2J\u{202E}\n"
        let report = DoctorReport(
            origin: Origin(host: hostile, version: hostile), kernelRelease: hostile, architecture: hostile,
            libbpfVersion: hostile, btfProblem: hostile,
            missingPrivileges: [MissingPrivilege(capability: hostile, cost: hostile)],
            tiers: [DoctorReport.TierStatus(tier: hostile, refusal: hostile)], chosenTier: hostile,
            blindSpots: [hostile],
            namespaces: [
                DoctorReport.NamespaceModes(
                    namespace: NamespaceIdentity(inode: 1, name: hostile), all: 1,
                    interfaces: [
                        DoctorReport.InterfaceMode(
                            interface: InterfaceName(hostile), kind: hostile, own: 0, effective: 1, hasAddress: true)
                    ]),
                DoctorReport.NamespaceModes(namespace: NamespaceIdentity(inode: 1), problem: hostile),
            ])
        #expect(isFitForTerminal(report.text(style: .plain)))
    }
}
