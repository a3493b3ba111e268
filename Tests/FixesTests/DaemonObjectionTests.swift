// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Testing

/// What daemons and audit profiles of the host have against a fix.
@Suite struct DaemonObjectionTests {
    private func problem(
        _ services: HostServices?, interface: InterfaceName = "a0", _ change: @Sendable (inout Lab) -> Void = { _ in }
    ) -> Problem {
        Problem(
            .wrongInterface, of: packet(from: Lab.asymmetric, to: serviceAddress),
            in: host {
                $0.serviceAddressOnLoopback()
                $0[Lab.a0].rpFilter = 1
                $0.rename(Lab.a0, interface)
                $0.facts.services = services
                change(&$0)
            })
    }

    private func effects(_ id: FixID, _ problem: Problem) throws -> String {
        let advice = problem.advice
        return try #require(([advice.fix] + advice.alternatives).first { $0.id == id }).sideEffects
            .joined(separator: "\n")
    }

    private static let calico = HostServices(
        found: [FoundService(.calico, isRunning: true, evidence: ["process calico-node (6)"])])

    @Test func `Calico does not start with a loose floor`() throws {
        let sentence = "its Felix does not start while it is 2, unless FELIX_IGNORELOOSERPF is true"
        #expect(try effects(.allLoose, problem(Self.calico)).contains(sentence))
        #expect(try !effects(.interfaceLoose, problem(Self.calico)).contains("Calico"))
        #expect(try !effects(.allLoose, problem(HostServices())).contains("Calico"))
        #expect(try !effects(.allLoose, problem(nil)).contains("Calico"))
    }

    @Test func `a summary says who is against the fix, and a copied recipe why`() throws {
        let advice = problem(Self.calico).advice
        let loose = try #require(advice.alternatives.first { $0.id == .allLoose })
        #expect(loose.summary.hasSuffix("Against it on this host: Calico; its side effects say why."))
        #expect(!advice.fix.summary.contains("Against it"))
        let recipe = try #require(advice.rejected.first { $0.recipe.hasPrefix("loose for all") })
        #expect(recipe.reason.contains("Calico demands 0 or 1 for all"))
        #expect(!problem(HostServices()).advice.rejected.contains { $0.reason.contains("Calico") })
    }

    @Test func `Felix writes a pod's interface again`() throws {
        let text = try effects(.interfaceLoose, problem(Self.calico, interface: "cali0a"))
        #expect(text.contains("Calico (process calico-node (6)) sets net.ipv4.conf.cali0a.rp_filter whenever Felix"))
        #expect(text.contains("cni.projectcalico.org/allowedSourcePrefixes"))
    }

    @Test func `Cilium sets its interfaces and the floor to 0`() throws {
        let file = "/etc/sysctl.d/99-zzz-override_cilium.conf"
        let cilium = HostServices(
            found: [FoundService(.cilium, isRunning: true, evidence: ["process cilium-agent (7)", file])])
        let text = try effects(.interfaceLoose, problem(cilium, interface: "lxc0a"))
        #expect(text.contains("Cilium (process cilium-agent (7)) sets net.ipv4.conf.lxc0a.rp_filter to 0"))
        #expect(text.contains("and undoes this"))
        let all = try effects(.allLoose, problem(cilium))
        #expect(all.contains("Cilium (\(file)) sets net.ipv4.conf.all.rp_filter to 0"))
        #expect(all.contains("the file that goes with this fix then wins"))
        #expect(try !effects(.interfaceLoose, problem(cilium)).contains("Cilium"))
    }

    @Test func `kube-router sets the floor to 2`() throws {
        let router = HostServices(
            found: [FoundService(.kubeRouter, isRunning: true, evidence: ["process kube-router (8)"])])
        let unrouted = Problem(
            .noRoute, of: packet(from: Lab.unrouted, to: Lab.local),
            in: host {
                $0[0].rpFilter = 1
                $0.facts.services = router
            })
        let text = try effects(.interfaceOff, unrouted)
        #expect(text.contains("kube-router (process kube-router (8)) sets net.ipv4.conf.all.rp_filter to 2"))
        #expect(try !effects(.allLoose, problem(router)).contains("kube-router"))
    }

    @Test func `networkd's mode of another interface than the fix is about is an objection`() throws {
        let setting = ForeignSetting(
            interface: "", key: "rp_filter", value: 1, place: FileLine("/etc/systemd/network/10-b0.network", 5))
        let networkd = InterfaceManager.networkd(
            NetworkdLink(networkFile: setting.place.path, settings: [setting]))
        let unrouted = Problem(
            .noRoute, of: packet(from: Lab.unrouted, to: Lab.local),
            in: host {
                $0[0].rpFilter = 2
                $0.facts.services = HostServices(managers: [Lab.b0: networkd], systemdVersion: 257)
            })
        let text = try effects(.interfaceOff, unrouted)
        #expect(
            text.contains(
                "systemd-networkd (/etc/systemd/network/10-b0.network:5) sets net.ipv4.conf.b0.rp_filter to 1"))
        #expect(text.contains("Its own setting is IPv4ReversePathFilter= in [Network] of"))
    }

    @Test func `tuned gives way to files unless it is told not to`() throws {
        var services = HostServices(
            tunedProfile: TunedProfile(
                name: "mine",
                settings: [
                    ForeignSetting(
                        interface: "a0", key: "rp_filter", value: 1, place: FileLine("/etc/tuned/mine/tuned.conf", 4))
                ]))
        let yielding = try effects(.interfaceLoose, problem(services))
        #expect(yielding.contains("tuned, profile mine (/etc/tuned/mine/tuned.conf:4) sets"))
        #expect(yielding.contains("the file that goes with this fix then wins"))
        services.tunedProfile?.reappliesFiles = false
        let insisting = try effects(.interfaceLoose, problem(services))
        #expect(insisting.contains("and undoes this. Its own setting is [sysctl] of /etc/tuned/mine/tuned.conf."))
    }

    private func audited(_ interface: String) -> HostServices {
        HostServices(auditDemands: [
            AuditDemand(
                profile: "STIG",
                setting: ForeignSetting(
                    interface: interface, key: "rp_filter", value: 1, place: FileLine("/etc/sysctl.d/60-stig.conf", 2)))
        ])
    }

    @Test func `an audit profile's demand is broken or needs an exception`() throws {
        let strictFloor: @Sendable (inout Lab) -> Void = { $0[0].rpFilter = 1 }
        let broken = try effects(.allLoose, problem(audited("all"), strictFloor))
        #expect(
            broken.contains(
                "STIG (/etc/sysctl.d/60-stig.conf:2) demands net.ipv4.conf.all.rp_filter=1: with this fix the host fails"
            ))
        let exception = try effects(.interfaceLoose, problem(audited("all"), strictFloor))
        #expect(exception.contains("demands net.ipv4.conf.all.rp_filter=1: a0 would be an exception"))
        #expect(try !effects(.interfaceLoose, problem(audited("default"), strictFloor)).contains("STIG"))
        #expect(try !effects(.policyRule, problem(audited("all"), strictFloor)).contains("STIG"))
    }

    @Test func `hostile texts are shown and not obeyed`() throws {
        var services = audited("all")
        services.auditDemands[0].setting.place.path = "/etc/sysctl.d/\u{1B}[2J.conf"
        #expect(try !effects(.allLoose, problem(services) { $0[0].rpFilter = 1 }).contains("\u{1B}"))
    }
}
