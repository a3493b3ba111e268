// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Settings
import Testing

@Suite struct DaemonClaimsTests {
    private func facts(_ services: HostServices?, isInitial: Bool = true) -> NetworkFacts {
        NetworkFacts(
            namespace: NamespaceIdentity(inode: 1, isInitial: isInitial),
            links: [
                Link(index: 1, name: "lo", isLoopback: true), Link(index: 2, name: "eth0"),
                Link(index: 3, name: "eth1"),
                Link(index: 4, name: "lxc0a1b", kind: "veth"), Link(index: 5, name: "cali77", kind: "veth"),
                Link(index: 6, name: "br-web", kind: "bridge"), Link(index: 7, name: "vrrp.51", kind: "macvlan"),
                Link(index: 8, name: "lxcbr0", kind: "bridge"),
            ],
            routes: [
                Route(destination: .any, metric: 200, nexthops: [Nexthop(interface: 3)]),
                Route(destination: .any, metric: 100, nexthops: [Nexthop(interface: 2)]),
            ],
            services: services)
    }

    private func owners(
        _ services: HostServices?, _ scope: SysctlScope, _ key: InterfaceSysctl = .rpFilter
    ) -> [String] {
        daemonClaims(on: key, of: scope, in: facts(services)).map { claim in
            "\(claim.owner.source)=\(claim.owner.value.map { String($0) } ?? "?")"
        }
    }

    private static let everything = HostServices(
        found: [
            FoundService(.docker, isRunning: true, evidence: ["process dockerd (5)"]),
            FoundService(.podman, evidence: ["/usr/lib/podman/netavark"]),
            FoundService(.calico, isRunning: true, evidence: ["process calico-node (6)"]),
            FoundService(
                .cilium, isRunning: true,
                evidence: ["process cilium-agent (7)", "/etc/sysctl.d/99-zzz-override_cilium.conf"]),
            FoundService(.kubeRouter, isRunning: true, evidence: ["process kube-router (8)"]),
            FoundService(.vpcCNI, isRunning: true, evidence: ["process aws-k8s-agent (9)"]),
            FoundService(.keepalived, isRunning: true, evidence: ["process keepalived (10)"]),
        ], podmanBridges: ["podman0", "br-web"])

    @Test func `each daemon owns what it writes and nothing else`() {
        let all = Self.everything
        #expect(owners(all, .interface(1)) == [])
        #expect(owners(all, .interface(2)) == ["AWS VPC CNI (process aws-k8s-agent (9))=2"])
        #expect(owners(all, .interface(3)) == [])
        #expect(owners(all, .interface(4)) == ["Cilium (process cilium-agent (7))=0"])
        #expect(owners(all, .interface(5)) == ["Calico (process calico-node (6))=?"])
        #expect(owners(all, .interface(6)) == ["podman (netavark)=2"])
        #expect(owners(all, .interface(7)) == ["keepalived (process keepalived (10))=0"])
        #expect(owners(all, .interface(8)) == [])
        #expect(
            owners(all, .all) == [
                "Cilium (/etc/sysctl.d/99-zzz-override_cilium.conf)=0", "kube-router (process kube-router (8))=2",
                "keepalived (process keepalived (10))=0",
            ])
        #expect(owners(all, .default) == ["keepalived (process keepalived (10))=0"])
        for index in [2, 4, 5, 6, 7] as [UInt32] { #expect(owners(all, .interface(index), .acceptLocal) == []) }
    }

    @Test func `what is not on the host owns nothing`() {
        for scope in [.all, .default] + (1...8).map({ SysctlScope.interface($0) }) {
            #expect(owners(HostServices(podmanBridges: ["podman0", "br-web"]), scope) == [])
            #expect(owners(nil, scope) == [])
        }
        // What is installed and does not run writes nothing at its start.
        var asleep = Self.everything
        for index in asleep.found.indices { asleep.found[index].isRunning = false }
        #expect(owners(asleep, .interface(2)) == [] && owners(asleep, .interface(7)) == [])
        #expect(owners(asleep, .all) == ["Cilium (/etc/sysctl.d/99-zzz-override_cilium.conf)=0"])
    }

    @Test func `the host's daemons own nothing in other namespaces`() {
        let claims = daemonClaims(on: .rpFilter, of: .all, in: facts(Self.everything, isInitial: false))
        #expect(claims.isEmpty)
    }

    private func networkd(version: Int?) -> HostServices {
        let place = FileLine("/etc/systemd/network/10-eth1.network", 7)
        let settings = [
            ForeignSetting(interface: "", key: "accept_local", value: 1, place: FileLine(place.path, 8)),
            ForeignSetting(interface: "", key: "rp_filter", value: 2, place: place),
        ]
        return HostServices(
            managers: [3: .networkd(NetworkdLink(networkFile: place.path, settings: settings))],
            systemdVersion: version)
    }

    @Test func `networkd owns what its files set for the link, with its own setting`() {
        let claim = daemonClaims(on: .rpFilter, of: .interface(3), in: facts(networkd(version: 255))).first
        #expect(
            claim?.owner
                == Owner(
                    source: "systemd-networkd (/etc/systemd/network/10-eth1.network:7)", value: 2,
                    setting: "IPv4ReversePathFilter= in [Network] of /etc/systemd/network/10-eth1.network"))
        #expect(
            owners(networkd(version: 252), .interface(3), .acceptLocal)
                == ["systemd-networkd (/etc/systemd/network/10-eth1.network:8)=1"])
        #expect(owners(networkd(version: 255), .interface(2)) == [])
    }

    @Test func `an older networkd passes over the setting that it does not know`() {
        #expect(owners(networkd(version: 252), .interface(3)) == [])
        #expect(owners(networkd(version: nil), .interface(3)).count == 1)
    }

    @Test func `tuned owns what its active profile sets`() {
        let place = FileLine("/etc/tuned/mine/tuned.conf", 4)
        var services = HostServices(
            tunedProfile: TunedProfile(
                name: "mine",
                settings: [ForeignSetting(interface: "all", key: "rp_filter", value: 1, place: place)]))
        let claim = daemonClaims(on: .rpFilter, of: .all, in: facts(services)).first
        #expect(claim?.owner.source == "tuned, profile mine (/etc/tuned/mine/tuned.conf:4)")
        #expect(claim?.owner.value == 1 && claim?.yieldsToFiles == true)
        #expect(owners(services, .default) == [])
        services.tunedProfile?.reappliesFiles = false
        #expect(daemonClaims(on: .rpFilter, of: .all, in: facts(services)).first?.yieldsToFiles == false)
    }

    // MARK: Beside the files of sysctl.d

    /// eth1 is networkd's with mode 2; `now` is in force there.
    private func ownership(_ lines: String, now: Int32, networkd: Bool = true) -> Ownership {
        var facts = facts(networkd ? self.networkd(version: 257) : Self.everything)
        facts.configuration.interfaces = [
            3: InterfaceConfiguration(rpFilter: now), 6: InterfaceConfiguration(rpFilter: now),
        ]
        let file = SysctlFile(
            directory: 0, name: networkd ? "60-lab.conf" : "99-zzz-override_cilium.conf",
            lines: SysctlLine.relevant(in: lines.utf8) ?? [])
        facts.sysctlSources = SysctlSources(reader: .systemd(version: 257), files: [file])
        return Ownership(facts)
    }

    @Test func `a daemon that writes after the files comes before them`() {
        let both = ownership("net.ipv4.conf.eth1.rp_filter=2", now: 2).candidates(.rpFilter, .interface(3))
        #expect(
            both.map(\.source) == [
                "systemd-networkd (/etc/systemd/network/10-eth1.network:7)", "/etc/sysctl.d/60-lab.conf:1",
            ])
        let other = ownership("net.ipv4.conf.eth1.rp_filter=1", now: 2)
        #expect(other.owner(of: .rpFilter, .interface(3))?.source.hasPrefix("systemd-networkd") == true)
        #expect(!other.isOverwritten(.rpFilter, of: "eth1", all: 0, own: 2))
    }

    @Test func `a daemon whose value is not in force did not set it`() {
        let files = ownership("net.ipv4.conf.eth1.rp_filter=1", now: 1)
        #expect(files.candidates(.rpFilter, .interface(3)).map(\.source) == ["/etc/sysctl.d/60-lab.conf:1"])
        #expect(files.isOverwritten(.rpFilter, of: "eth1", all: 0, own: 1))
    }

    @Test func `a daemon that gives way to files comes behind a line and before a guess`() {
        let line = ownership("net.ipv4.conf.br-web.rp_filter=2", now: 2, networkd: false)
        #expect(
            line.candidates(.rpFilter, .interface(6)).map(\.source) == [
                "/etc/sysctl.d/99-zzz-override_cilium.conf:1", "podman (netavark)",
            ])
        let none = ownership("", now: 2, networkd: false)
        #expect(none.owner(of: .rpFilter, .interface(6))?.source == "podman (netavark)")
    }

    @Test func `a daemon's own file is changed by the daemon's own setting`() {
        var services = Self.everything
        services.found.removeAll { $0.service == .keepalived }
        var facts = facts(services)
        let file = SysctlFile(
            directory: 0, name: "99-zzz-override_cilium.conf",
            lines: SysctlLine.relevant(in: "# Cilium\nnet.ipv4.conf.all.rp_filter = 0".utf8) ?? [])
        facts.sysctlSources = SysctlSources(reader: .systemd(version: 257), files: [file])
        #expect(
            Ownership(facts).owner(of: .rpFilter, .all)
                == Owner(
                    source: "/etc/sysctl.d/99-zzz-override_cilium.conf:2", value: 0,
                    setting: "sysctlfix.enabled of its Helm chart"))
    }
}
