// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Lab
import ModelLab
import Packets
import Settings
import Testing

/// The file that makes a sysctl fix last, and the proof that it does.
@Suite struct PersistentFileTests {
    private typealias Host = ModelLab.Lab
    private static let systemd = SysctlSources.Reader.systemd(version: 252)

    private static func file(_ directory: Int?, _ name: String, _ lines: String...) -> SysctlFile {
        SysctlFile(
            directory: directory, name: name,
            lines: SysctlLine.relevant(in: lines.joined(separator: "\n").utf8) ?? [])
    }

    /// a0 is strict, and loose mode on it is the fix.
    private func problem(
        _ files: SysctlFile..., reader: SysctlSources.Reader = systemd, isComplete: Bool = true,
        _ change: (inout Host) -> Void = { _ in }
    ) -> Problem {
        Problem(
            .wrongInterface, of: packet(from: Host.asymmetric, to: serviceAddress),
            in: host {
                $0.serviceAddressOnLoopback()
                $0[Host.a0].rpFilter = 1
                $0.facts.sysctlSources = SysctlSources(reader: reader, files: files, isComplete: isComplete)
                change(&$0)
            })
    }

    private func line(_ name: InterfaceName, of fix: Fix) throws -> Fix.ProofLine {
        try #require(fix.persist?.proof.first { $0.interface == name })
    }

    @Test func `the plain name wins where nothing is in its way`() throws {
        let fix = problem(Self.file(0, "50-x.conf", "net.ipv4.conf.*.rp_filter=1")).advice.fix
        let persist = try #require(fix.persist)
        #expect(persist.path == "/etc/sysctl.d/zz-rpfwatch-a0.conf")
        #expect(persist.isProven)
        #expect(persist.reader == "systemd-sysctl 252")
        #expect(
            try line("a0", of: fix)
                == Fix.ProofLine(interface: "a0", key: .rpFilter, now: 1, before: 1, atBoot: 2, createdAgain: 2))
        #expect(try line("b0", of: fix).atBoot == 1)
        #expect(try line("all", of: fix).createdAgain == nil)
        #expect(persist.proof.map(\.interface.text) == ["all", "default", "lo", "a0", "b0"])
    }

    @Test(arguments: [
        ("zz-rpfwatch-b.conf", "zzz-rpfwatch-a0.conf"), ("zzzzzzzz.conf", "zzzzzzzz.rpfwatch-a0.conf"),
        ("zz-rpfwatch-a0.conf", "zzz-rpfwatch-a0.conf"), ("~.conf", "~.rpfwatch-a0.conf"),
    ]) func `the name sorts after other lines about the same`(other: String, name: String) throws {
        for line in ["net.ipv4.conf.a0.rp_filter=1", "-net.ipv4.conf.a0.rp_filter"] {
            let persist = try #require(problem(Self.file(3, other, line)).advice.fix.persist)
            #expect(persist.path == "/etc/sysctl.d/\(name)")
            #expect(persist.isProven)
        }
    }

    @Test func `a file that is there already is offered again`() throws {
        let persist = try #require(problem().advice.fix.persist)
        let there = SysctlFile(
            directory: 0, name: "zz-rpfwatch-a0.conf", lines: SysctlLine.relevant(in: persist.content.utf8) ?? [])
        #expect(problem(there).advice.fix.persist?.path == persist.path)
    }

    @Test func `where sysctl conf comes last its line has to be edited`() {
        let fix = problem(
            Self.file(nil, "sysctl.conf", "# x", "net.ipv4.conf.a0.rp_filter=1"), reader: .procps(version: "4.0.2")
        ).advice.fix
        #expect(fix.persist == nil)
        #expect(
            fix.sideEffects.contains {
                $0.contains("edit /etc/sysctl.conf:2") && $0.contains("`net.ipv4.conf.a0.rp_filter=2`")
            }, "\(fix.sideEffects)")
    }

    @Test func `procps copies default to an interface that is created again, so that its file is no proof`() {
        let fix = problem(reader: .procps(version: "4.0.2")).advice.fix
        #expect(fix.persist?.isProven == false)
        #expect(fix.sideEffects.contains { $0.contains("created again") }, "\(fix.sideEffects)")
    }

    @Test func `nothing is proven where a daemon sets the value afterwards`() throws {
        let fix = problem {
            $0.rename(Host.a0, "cali0a")
            $0.facts.services = HostServices(
                found: [FoundService(.calico, isRunning: true, evidence: ["process calico-node (6)"])])
        }.advice.fix
        let persist = try #require(fix.persist)
        #expect(!persist.isProven)
        #expect(persist.proof.contains { $0.interface == "cali0a" && $0.atBoot == 2 })
    }

    @Test func `nothing is proven where files could not be read`() throws {
        var hidden = Self.file(0, "secret.conf")
        hidden.kind = .unreadable
        let fix = problem(hidden, isComplete: false).advice.fix
        let persist = try #require(fix.persist)
        #expect(!persist.isProven && persist.reader == nil && persist.proof.isEmpty)
        #expect(fix.sideEffects.contains { $0.contains("/etc/sysctl.d/secret.conf could not be read") })
        #expect(problem(reader: .none).advice.fix.persist?.isProven == false)
    }

    @Test func `a push-down is proven for every interface in one file`() throws {
        let problem = Problem(
            .noAddress, [.unnumberedInterface], of: packet(from: Host.asymmetric, to: Host.local),
            in: host {
                $0.unnumber()
                $0[0].rpFilter = 1
                $0.facts.sysctlSources = SysctlSources(
                    reader: Self.systemd,
                    files: [
                        Self.file(3, "50-x.conf", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.default.rp_filter=1")
                    ])
            })
        let advice = problem.advice
        let off = try #require(([advice.fix] + advice.alternatives).first { $0.id == .interfaceOff })
        let persist = try #require(off.persist)
        #expect(persist.isProven)
        let lines = persist.content.split(separator: "\n").dropFirst().map(String.init)
        #expect(lines.prefix(1).allSatisfy { $0.hasPrefix("net.ipv4.conf.all") || $0.contains("default") })
        #expect(try line("a0", of: off).atBoot == 0)
        #expect(try line("a0", of: off).createdAgain == 0)
        for name in ["b0", "lo"] as [InterfaceName] { #expect(try line(name, of: off).atBoot == 1) }
        #expect(try line("all", of: off).atBoot == 0)
    }

    // MARK: persist_value

    private func changedSince(_ files: SysctlFile..., now: Int32, atDrop: Int32 = 1) -> Advice {
        var problem = problem { $0[Host.a0].rpFilter = now }
        problem.lab.facts.sysctlSources = SysctlSources(reader: Self.systemd, files: files)
        var finding = problem.finding
        finding.sysctls = SysctlsAtDrop(rpFilterAll: 0, rpFilterInterface: atDrop)
        return advise(on: finding, model: problem.lab.model)
    }

    @Test func `a value that the files would undo is to be kept`() throws {
        let advice = changedSince(Self.file(0, "a.conf", "net.ipv4.conf.a0.rp_filter=1"), now: 2)
        let fix = advice.fix
        #expect(fix.id == .persistValue)
        #expect(fix.predicted == .accept && fix.widens.isEmpty)
        let persist = try #require(fix.persist)
        #expect(persist.isProven)
        #expect(persist.content.hasSuffix("\nnet.ipv4.conf.a0.rp_filter=2\n"))
        // The command writes that file, and the revert takes it away.
        let directory = "/tmp/persist-value-\(UInt64.random(in: 0 ... .max))"
        let path = persist.path.replacing("/etc/sysctl.d", with: directory)
        for command in fix.commands {
            try runSuccessfully(["sh", "-c", command.replacing("/etc/sysctl.d", with: directory)])
        }
        #expect(try runSuccessfully(["cat", path]) == persist.content)
        for command in fix.revert {
            try runSuccessfully(["sh", "-c", command.replacing("/etc/sysctl.d", with: directory)])
        }
        #expect(try !run(["ls", path]).succeeded)
        try runSuccessfully(["rmdir", directory])
    }

    @Test func `nothing is to be kept that the files keep, or that did not change`() {
        #expect(changedSince(now: 2).fix.id == .none)
        #expect(changedSince(Self.file(0, "a.conf", "net.ipv4.conf.a0.rp_filter=2"), now: 2).fix.id == .none)
        #expect(changedSince(Self.file(0, "a.conf", "net.ipv4.conf.a0.rp_filter=1"), now: 2, atDrop: 2).fix.id == .none)
    }

    @Test func `all is kept too where it would bring the drops back`() throws {
        let advice = changedSince(
            Self.file(0, "a.conf", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.*.rp_filter=1"), now: 0)
        #expect(advice.fix.id == .persistValue)
        let content = try #require(advice.fix.persist?.content)
        #expect(
            content.contains("net.ipv4.conf.all.rp_filter=0\n") && content.contains("net.ipv4.conf.a0.rp_filter=0\n"))
    }
}
