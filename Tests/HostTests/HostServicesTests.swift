// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Packets
import SystemPackage
import Testing

@Suite struct HostServicesTests {
    private static let links = [
        Link(index: 1, name: "lo", isLoopback: true), Link(index: 2, name: "a0"), Link(index: 3, name: "b0"),
    ]

    private func read(_ files: [String: String], _ links: [Link] = links) throws -> HostServices {
        let tree = try FileTree(files)
        return HostServicesReader(root: tree.root).read(links)
    }

    @Test func `an empty host has no services`() throws {
        let services = try read(["/etc/hostname": "x\n"])
        #expect(services.found.isEmpty && services.managers.isEmpty)
        #expect(services.systemdVersion == nil && services.tunedProfile == nil && services.auditDemands.isEmpty)
    }

    // MARK: systemd-networkd

    @Test func `networkd's state file leads to the network file, its drop-ins and what they set`() throws {
        let services = try read([
            "/run/systemd/netif/links/2": """
            # This is private data. Do not parse.
            ADMIN_STATE=configured
            NETWORK_FILE=/etc/systemd/network/10-a0.network
            NETWORK_FILE_DROPINS="/etc/systemd/network/10-a0.network.d/a.conf:/run/x\\x3ay/b.conf"
            DNS=
            """,
            "/run/systemd/netif/links/3": "ADMIN_STATE=unmanaged\n",
            "/etc/systemd/network/10-a0.network": """
            [Match]
            Name=a0
            # IPv4ReversePathFilter=no
            [Network]
            IPv4ReversePathFilter=strict
            IPv4AcceptLocal=yes
            [Route]
            IPv4ReversePathFilter=no
            """,
            "/etc/systemd/network/10-a0.network.d/a.conf": "[Network]\nIPv4ReversePathFilter = loose\n",
            "/run/x:y/b.conf": "[Network]\nIPv4AcceptLocal=\n",
            "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so": "",
        ])
        let setting = ForeignSetting(
            interface: "", key: "rp_filter", value: 2,
            place: FileLine("/etc/systemd/network/10-a0.network.d/a.conf", 2))
        #expect(
            services.managers == [
                2: .networkd(
                    NetworkdLink(
                        networkFile: "/etc/systemd/network/10-a0.network",
                        dropIns: ["/etc/systemd/network/10-a0.network.d/a.conf", "/run/x:y/b.conf"],
                        settings: [setting]))
            ])
        #expect(services.systemdVersion == 257)
    }

    @Test func `an older networkd does not name its drop-ins, so they are looked for`() throws {
        let services = try read([
            "/run/systemd/netif/links/2": "NETWORK_FILE=/run/systemd/network/10-a0.network\n",
            "/run/systemd/network/10-a0.network": "[Network]\nIPv4AcceptLocal=no\n",
            "/usr/lib/systemd/network/10-a0.network.d/b.conf": "[Network]\nIPv4AcceptLocal=yes\n",
            "/etc/systemd/network/10-a0.network.d/a.conf": "",
            "/etc/systemd/network/10-a0.network.d/README": "",
        ])
        guard case .networkd(let link) = services.managers[2] else {
            Issue.record("not networkd's: \(services.managers)")
            return
        }
        let last = "/usr/lib/systemd/network/10-a0.network.d/b.conf"
        #expect(link.dropIns == ["/etc/systemd/network/10-a0.network.d/a.conf", last])
        #expect(link.settings.map(\.place) == [FileLine(last, 2)])
    }

    @Test func `links lead to files of the host and not of where rpfwatch runs`() throws {
        let tree = try FileTree([
            "/run/systemd/netif/links/2": "NETWORK_FILE=/etc/systemd/network/10-a0.network\n",
            "/opt/mode": "[Network]\nIPv4ReversePathFilter=loose\n",
        ])
        tree.symbolicLink("/etc/systemd/network/10-a0.network", to: "/opt/mode")
        guard case .networkd(let link) = HostServicesReader(root: tree.root).read(Self.links).managers[2] else {
            Issue.record("not networkd's")
            return
        }
        #expect(link.settings.map(\.value) == [2])
    }

    @Test func `a network file that netplan made leads to its definition`() throws {
        let services = try read([
            "/run/systemd/netif/links/2": "NETWORK_FILE=/run/systemd/network/10-netplan-lan.network\n",
            "/run/systemd/netif/links/3": "NETWORK_FILE=/etc/systemd/network/10-netplan-b0.network\n",
            "/etc/netplan/50-cloud-init.yaml": """
            # made by cloud-init
            network:
                version: 2
                ethernets:
                    "lan":
                        match: {macaddress: "02:00:00:00:00:01"}
                        nameservers:
                            addresses: [192.0.2.53]
                    b0:
                        dhcp4: true
                vlans:
                    v9: {id: 9, link: b0}
            """,
        ])
        guard case .networkd(let a0) = services.managers[2], case .networkd(let b0) = services.managers[3] else {
            Issue.record("not networkd's: \(services.managers)")
            return
        }
        #expect(
            a0.netplan
                == NetplanDefinition(
                    id: "lan", deviceClass: "ethernets", place: FileLine("/etc/netplan/50-cloud-init.yaml", 5)))
        // A file in /etc is none that netplan generates, whatever it is called.
        #expect(b0.netplan == nil)
        #expect(services[.netplan]?.evidence == ["/etc/netplan/50-cloud-init.yaml"])
    }

    // MARK: NetworkManager

    @Test func `NetworkManager's connection of a device has the name that its keyfile gives`() throws {
        let services = try read([
            "/run/NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=11-22\n",
            "/run/NetworkManager/devices/3": "[device]\nmanaged=unmanaged\n",
            "/etc/NetworkManager/system-connections/other.nmconnection": "[connection]\nid=other\nuuid=33-44\n",
            "/etc/NetworkManager/system-connections/office.nmconnection": "[connection]\nid=The office\nuuid=11-22\n",
        ])
        #expect(
            services.managers == [
                2: .networkManager(
                    ConnectionProfile(
                        uuid: "11-22", name: "The office",
                        file: "/etc/NetworkManager/system-connections/office.nmconnection"))
            ])
    }

    // MARK: ifupdown

    @Test func `a stanza before the sourced directory has a place for a later file`() throws {
        let services = try read([
            "/etc/network/interfaces": """
            auto lo a0
            iface lo inet loopback
            iface a0 inet static
                address 192.0.2.1/24
            iface b0 inet6 auto
            source /etc/network/interfaces.d/*.cfg
            """
        ])
        #expect(
            services.managers == [
                2: .ifupdown(
                    IfupdownStanza(
                        place: FileLine("/etc/network/interfaces", 3),
                        laterFiles: IfupdownStanza.LaterFiles(directory: "/etc/network/interfaces.d", suffix: ".cfg")))
            ])
        #expect(services[.ifupdown]?.evidence == ["/etc/network/interfaces"])
    }

    @Test(arguments: [
        // As Debian writes it: the directory first.
        ["/etc/network/interfaces": "source /etc/network/interfaces.d/*\niface a0 inet dhcp\n"],
        ["/etc/network/interfaces": "iface a0 inet dhcp\n"],
        [
            "/etc/network/interfaces": "source interfaces.d/*\n",
            "/etc/network/interfaces.d/zzz": "iface a0 inet dhcp\n",
        ],
    ])
    func `a stanza that is read last has no place for a later file`(files: [String: String]) throws {
        guard case .ifupdown(let stanza) = try read(files).managers[2] else {
            Issue.record("no stanza")
            return
        }
        #expect(stanza.laterFiles == nil)
    }

    @Test func `a stanza in a sourced directory has its place beside it`() throws {
        let services = try read([
            "/etc/network/interfaces": "source-directory /etc/network/interfaces.d\n",
            "/etc/network/interfaces.d/a0": "iface a0 inet dhcp\n",
            "/etc/network/interfaces.d/b0.cfg": "iface b0 inet dhcp\n",
        ])
        #expect(
            services.managers == [
                2: .ifupdown(
                    IfupdownStanza(
                        place: FileLine("/etc/network/interfaces.d/a0", 1),
                        laterFiles: IfupdownStanza.LaterFiles(directory: "/etc/network/interfaces.d")))
            ])
    }

    @Test func `files that source each other are read to an end`() throws {
        let services = try read(["/etc/network/interfaces": "source interfaces\niface a0 inet dhcp\n"])
        #expect(services.managers[2] != nil)
    }

    // MARK: Processes, interfaces and files

    @Test func `processes of the initial namespace are found by their name`() throws {
        let tree = try FileTree([
            "/proc/1/comm": "systemd\n", "/proc/1/ns/net": "", "/proc/20/comm": "cilium-agent\n",
            "/proc/30/comm": "calico-node\n", "/proc/30/ns/net": "", "/proc/40/comm": "keepalived\n",
            "/proc/self/comm": "tuned\n", "/proc/50/comm": "conmon\n",
        ])
        tree.link("/proc/40/ns/net", to: "/proc/1/ns/net")
        let services = HostServicesReader(root: tree.root).read(Self.links)
        #expect(
            services.found == [
                FoundService(.cilium, isRunning: true, evidence: ["process cilium-agent (20)"]),
                FoundService(.keepalived, isRunning: true, evidence: ["process keepalived (40)"]),
            ])
    }

    @Test func `interfaces and files are evidence of what is not running`() throws {
        let services = try read(
            [
                "/etc/sysctl.d/99-zzz-override_cilium.conf": "net.ipv4.conf.all.rp_filter = 0\n",
                "/etc/containers/networks/web.json":
                    #"{"name":"web","driver":"bridge","network_interface":"br-web","subnets":[]}"#,
                "/etc/containers/networks/lan.json": #"{"driver":"macvlan","network_interface":"b0"}"#,
            ],
            Self.links + [
                Link(index: 4, name: "cali0123"), Link(index: 5, name: "br-web", kind: "bridge"),
                Link(index: 6, name: "kube-bridge"), Link(index: 7, name: "docker0"),
            ])
        #expect(
            services.found == [
                FoundService(.docker, evidence: ["interface docker0"]),
                FoundService(.podman, evidence: ["interface br-web"]),
                FoundService(.calico, evidence: ["interface cali0123"]),
                FoundService(.cilium, evidence: ["/etc/sysctl.d/99-zzz-override_cilium.conf"]),
                FoundService(.kubeRouter, evidence: ["interface kube-bridge"]),
            ])
        #expect(services.podmanBridges == ["podman0", "br-web"])
    }

    @Test func `tuned's profile is read with what it includes`() throws {
        let services = try read([
            "/etc/tuned/active_profile": "mine\n",
            "/etc/tuned/mine/tuned.conf": """
            [main]
            include=base, mine

            [sysctl]
            net.ipv4.conf.all.rp_filter = "1"
            net.ipv4.conf.a0/7.rp_filter=2
            net.core.busy_poll=50
            """,
            "/usr/lib/tuned/base/tuned.conf":
                "[sysctl]\nnet/ipv4/conf/all/rp_filter=0\nnet.ipv4.conf.default.rp_filter=1\n",
            "/etc/tuned/tuned-main.conf": "daemon = 1\nreapply_sysctl = 0\n",
        ])
        #expect(services.tunedProfile?.name == "mine" && services.tunedProfile?.reappliesFiles == false)
        let path = "/etc/tuned/mine/tuned.conf"
        #expect(
            services.tunedProfile?.settings == [
                ForeignSetting(interface: "a0.7", key: "rp_filter", value: 2, place: FileLine(path, 6)),
                ForeignSetting(interface: "all", key: "rp_filter", value: 1, place: FileLine(path, 5)),
                ForeignSetting(
                    interface: "default", key: "rp_filter", value: 1,
                    place: FileLine("/usr/lib/tuned/base/tuned.conf", 3)),
            ])
    }

    @Test func `lines of files that name an audit profile are demands`() throws {
        let services = try read([
            "/etc/sysctl.d/60-hardened.conf":
                "# Per CCE-84008-2: DISA STIG RHEL-09-253035\nnet.ipv4.conf.all.rp_filter = 1\n",
            "/etc/sysctl.d/cis.conf": "-net.ipv4.conf.default.rp_filter=1\nnet.ipv4.tcp_syncookies=1\n",
            // No word of its own.
            "/etc/sysctl.d/francisco.conf": "# decision\nnet.ipv4.conf.all.rp_filter=2\n",
            "/usr/lib/sysctl.d/cis.conf": "net.ipv4.conf.all.rp_filter=1\n",
        ])
        #expect(
            services.auditDemands == [
                AuditDemand(
                    profile: "STIG",
                    setting: ForeignSetting(
                        interface: "all", key: "rp_filter", value: 1,
                        place: FileLine("/etc/sysctl.d/60-hardened.conf", 2))),
                AuditDemand(
                    profile: "CIS",
                    setting: ForeignSetting(
                        interface: "default", key: "rp_filter", value: 1,
                        place: FileLine("/etc/sysctl.d/cis.conf", 1))),
            ])
    }

    @Test func `this machine's own services are found in an instant`() {
        let clock = ContinuousClock()
        let time = clock.measure { _ = HostServicesReader().read(Self.links) }
        #expect(time < .seconds(2))
    }
}
