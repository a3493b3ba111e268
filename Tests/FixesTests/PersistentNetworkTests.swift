// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Lab
import ModelLab
import Packets
import Testing

@Suite struct PersistentNetworkTests {
    private typealias Host = ModelLab.Lab

    /// Two NICs, strict; the way back leads out of the wrong one: a rule and two routes, or a route.
    private static func asymmetric(_ manager: InterfaceManager?, version: Int? = 257) -> Problem {
        Problem(
            .wrongInterface, [.replyPathBroken], of: packet(from: Host.asymmetric, to: Host.local),
            in: host {
                $0.knowClient()
                $0[Host.a0].rpFilter = 1
                $0.facts.services = HostServices(
                    managers: manager.map { [Host.a0: $0] } ?? [:], systemdVersion: version)
            })
    }

    /// An unnumbered strict interface: an address, and loose mode.
    private static func unnumbered(_ manager: InterfaceManager, version: Int? = 257) -> Problem {
        Problem(
            .noAddress, [.unnumberedInterface], of: packet(from: Host.asymmetric, to: Host.local),
            in: host {
                $0.unnumber()
                $0[Host.a0].rpFilter = 1
                $0.facts.services = HostServices(managers: [Host.a0: manager], systemdVersion: version)
            })
    }

    private func fix(_ id: FixID, of problem: Problem) throws -> Fix {
        let advice = problem.advice
        return try #require(([advice.fix] + advice.alternatives).first { $0.id == id })
    }

    private static let networkd = InterfaceManager.networkd(
        NetworkdLink(networkFile: "/run/systemd/network/10-a0.network"))

    // MARK: systemd-networkd

    @Test func `routes and rules become a drop-in of networkd`() throws {
        let fix = try fix(.policyRule, of: Self.asymmetric(Self.networkd))
        #expect(
            fix.persist?.path
                == "/etc/systemd/network/10-a0.network.d/50-rpfwatch-0123456789abcdef.conf")
        #expect(
            fix.persist?.content == """
                # Written for rpfwatch finding 0123456789abcdef.
                [Route]
                Destination=192.0.2.0/24
                Scope=link
                Table=100

                [Route]
                Destination=0.0.0.0/0
                Gateway=192.0.2.2
                Table=100

                [RoutingPolicyRule]
                From=192.0.2.1/32
                Table=100
                Priority=32765

                """)
        #expect(fix.sideEffects.contains { $0.contains("`networkctl reload` reads the file") })
        #expect(!fix.sideEffects.contains { $0.contains("Lost at the next boot") })
    }

    @Test func `an address and its mode become one drop-in where networkd knows the mode`() throws {
        let newer = try fix(.interfaceAddress, of: Self.unnumbered(Self.networkd))
        #expect(
            newer.persist?.content == """
                # Written for rpfwatch finding 0123456789abcdef.
                [Network]
                IPv4ReversePathFilter=loose

                [Address]
                Address=192.0.2.1/32

                """)
        let older = try fix(.interfaceAddress, of: Self.unnumbered(Self.networkd, version: 252))
        #expect(older.persist?.content.contains("ReversePath") == false)
        #expect(
            older.sideEffects.contains { $0.contains("`net.ipv4.conf.a0.rp_filter=2` belongs into a file of its own") })
    }

    @Test func `a route with an unknown gateway waits for it`() throws {
        let problem = Problem(
            .noRoute, of: packet(from: Host.unrouted, to: Host.local),
            in: host {
                $0[Host.a0].rpFilter = 2
                $0.facts.services = HostServices(managers: [Host.a0: Self.networkd])
            })
        let fix = problem.advice.fix
        #expect(fix.incomplete && fix.persist == nil)
        #expect(
            fix.sideEffects.contains {
                $0.contains("Once it is complete it belongs into /run/systemd/network/10-a0.network")
            })
    }

    /// Strict, the way back leads out of another interface, and networkd says what the mode is.
    private static func owned(
        by place: String, version: Int? = 257, _ change: @Sendable (inout Host) -> Void = { _ in }
    ) -> Problem {
        Problem(
            .wrongInterface, of: packet(from: Host.asymmetric, to: serviceAddress),
            in: host {
                $0.serviceAddressOnLoopback()
                $0[Host.a0].rpFilter = 1
                let setting = ForeignSetting(interface: "", key: "rp_filter", value: 1, place: FileLine(place, 5))
                $0.facts.services = HostServices(
                    managers: [
                        Host.a0: .networkd(
                            NetworkdLink(
                                networkFile: "/etc/systemd/network/10-a0.network", dropIns: [place],
                                settings: [setting]))
                    ], systemdVersion: version)
                change(&$0)
            })
    }

    @Test func `a mode that networkd sets is persisted in its own words`() throws {
        let fix = try fix(.interfaceLoose, of: Self.owned(by: "/etc/systemd/network/10-a0.network"))
        #expect(
            fix.persist
                == Fix.Persistence(
                    path: "/etc/systemd/network/10-a0.network.d/50-rpfwatch-0123456789abcdef.conf",
                    content: """
                        # Written for rpfwatch finding 0123456789abcdef.
                        [Network]
                        IPv4ReversePathFilter=loose

                        """))
        #expect(fix.sideEffects.contains { $0.contains("(/etc/systemd/network/10-a0.network:5)") })
    }

    @Test func `the drop-in is read after the one that sets the mode`() throws {
        let directory = "/etc/systemd/network/10-a0.network.d"
        let later = try fix(.interfaceLoose, of: Self.owned(by: "\(directory)/90-mode.conf"))
        #expect(later.persist?.path == "\(directory)/zz-rpfwatch-0123456789abcdef.conf")
        let last = try fix(.interfaceLoose, of: Self.owned(by: "\(directory)/zzz.conf"))
        #expect(last.persist == nil)
        #expect(last.sideEffects.contains { $0.contains("`IPv4ReversePathFilter=loose` has to stand there") })
    }

    @Test func `what networkd does not set is left to sysctl.d`() throws {
        let fix = try fix(
            .interfaceLoose,
            of: Self.owned(by: "/etc/systemd/network/10-a0.network") {
                $0.facts.services?.managers = [Host.a0: Self.networkd]
            })
        #expect(fix.persist?.path.hasPrefix("/etc/sysctl.d/") == true)
    }

    // MARK: netplan

    private static let definition = NetplanDefinition(
        id: "lan", deviceClass: "ethernets", place: FileLine("/etc/netplan/50-cloud-init.yaml", 5))

    private static let netplan = InterfaceManager.networkd(
        NetworkdLink(networkFile: "/run/systemd/network/10-netplan-lan.network", netplan: definition))

    @Test func `routes and rules become a file of netplan`() throws {
        let fix = try fix(.policyRule, of: Self.asymmetric(Self.netplan))
        #expect(fix.persist?.path == "/etc/netplan/90-rpfwatch-0123456789abcdef.yaml")
        #expect(
            fix.persist?.content == """
                # Written for rpfwatch finding 0123456789abcdef.
                network:
                  version: 2
                  ethernets:
                    "lan":
                      routes:
                        - to: "192.0.2.0/24"
                          scope: link
                          table: 100
                        - to: "0.0.0.0/0"
                          via: "192.0.2.2"
                          table: 100
                      routing-policy:
                        - from: "192.0.2.1/32"
                          table: 100
                          priority: 32765

                """)
    }

    @Test func `a rule that netplan cannot say becomes a drop-in for the file that it generates`() throws {
        var problem = Self.forwarded
        problem.lab.facts.services = HostServices(managers: [Host.a0: Self.netplan], systemdVersion: 257)
        let fix = try fix(.policyRule, of: problem)
        #expect(fix.persist?.path.hasPrefix("/etc/systemd/network/10-netplan-lan.network.d/") == true)
        #expect(fix.persist?.content.contains("IncomingInterface=b0\n") == true)
    }

    /// The source is behind b0 by the main table; the packet is to be forwarded out of b0.
    private static var forwarded: Problem {
        var problem = Problem(
            .wrongInterface, path: .forward, of: packet(from: Host.asymmetric, to: Host.remote),
            in: host {
                $0.knowClient()
                $0[Host.a0].rpFilter = 1
                $0[Host.a0].forwarding = true
                $0[0].forwarding = true
            })
        problem.outputInterface = Host.b0
        return problem
    }

    // MARK: NetworkManager

    @Test func `a connection of NetworkManager is changed by nmcli`() throws {
        let profile = ConnectionProfile(uuid: "11-22", name: "The\u{1B} office")
        let rule = try fix(.policyRule, of: Self.asymmetric(.networkManager(profile)))
        #expect(rule.persist == nil)
        let command =
            "`nmcli connection modify 11-22 +ipv4.routes '192.0.2.0/24 table=100' +ipv4.routes"
            + " '0.0.0.0/0 192.0.2.2 table=100' +ipv4.routing-rules 'priority 32765 from 192.0.2.1/32 table 100'`"
        #expect(rule.sideEffects.contains { $0.contains(command) && $0.contains("`nmcli device reapply a0`") })
        #expect(rule.sideEffects.contains { $0.contains("connection “The\\x1b office”") })
        let address = try fix(.interfaceAddress, of: Self.unnumbered(.networkManager(profile)))
        #expect(address.sideEffects.contains { $0.contains("+ipv4.addresses 192.0.2.1/32") })
        #expect(address.sideEffects.contains { $0.contains("`net.ipv4.conf.a0.rp_filter=2` belongs into") })
    }

    @Test func `netplan's file has routes for NetworkManager and no rules, which it would pass over`() throws {
        let profile = ConnectionProfile(uuid: "11-22", netplan: Self.definition)
        let route = try fix(.route, of: Self.asymmetric(.networkManager(profile)))
        #expect(route.persist?.path == "/etc/netplan/90-rpfwatch-0123456789abcdef.yaml")
        let rule = try fix(.policyRule, of: Self.asymmetric(.networkManager(profile)))
        #expect(rule.persist == nil && rule.sideEffects.contains { $0.contains("`nmcli connection modify 11-22 ") })
    }

    // MARK: ifupdown

    private static func stanza(_ later: IfupdownStanza.LaterFiles?) -> InterfaceManager {
        .ifupdown(IfupdownStanza(place: FileLine("/etc/network/interfaces", 3), laterFiles: later))
    }

    @Test func `routes and rules become a later stanza of ifupdown`() throws {
        let later = IfupdownStanza.LaterFiles(directory: "/etc/network/interfaces.d", suffix: ".cfg")
        let fix = try fix(.policyRule, of: Self.asymmetric(Self.stanza(later)))
        #expect(fix.persist?.path == "/etc/network/interfaces.d/zz-rpfwatch-0123456789abcdef.cfg")
        #expect(
            fix.persist?.content == """
                # Written for rpfwatch finding 0123456789abcdef.
                iface a0 inet manual
                    up ip route add 192.0.2.0/24 dev a0 table 100
                    up ip route add default via 192.0.2.2 dev a0 table 100
                    up ip rule add from 192.0.2.1 lookup 100 priority 32765
                    down ip rule del from 192.0.2.1 lookup 100 priority 32765
                    down ip route del default via 192.0.2.2 dev a0 table 100
                    down ip route del 192.0.2.0/24 dev a0 table 100

                """)
    }

    @Test func `where no later stanza can be the lines belong into the one there is`() throws {
        let fix = try fix(.interfaceAddress, of: Self.unnumbered(Self.stanza(nil)))
        #expect(fix.persist == nil)
        #expect(
            fix.sideEffects.contains {
                $0.contains("the stanza at /etc/network/interfaces:3")
                    && $0.contains(
                        "`up ip addr add 192.0.2.1/32 dev a0`, `up sysctl -w net.ipv4.conf.a0.rp_filter=2` and"
                            + " `down ip addr del 192.0.2.1/32 dev a0`")
            })
    }

    // MARK: Others

    @Test func `an interface that nothing configures is said to be one`() throws {
        let fix = try fix(.policyRule, of: Self.asymmetric(nil))
        #expect(fix.persist == nil)
        #expect(
            fix.sideEffects.contains {
                $0.hasPrefix("Lost at the next boot: nothing was found on this host that configures a0")
            })
    }

    @Test func `an interface that a service makes is said to be its`() throws {
        var problem = Self.asymmetric(nil)
        problem.lab.facts.services?.found = [FoundService(.docker, evidence: ["interface docker0"])]
        problem.lab.rename(Host.a0, "docker0")
        let before = try fix(.policyRule, of: problem)
        #expect(before.sideEffects.contains { $0.hasPrefix("Lost at the next boot: nothing was found") })
        problem.lab.facts.links[1].kind = "bridge"
        let fix = try fix(.policyRule, of: problem)
        #expect(fix.persist == nil)
        #expect(fix.sideEffects.contains { $0.hasPrefix("Lost when Docker makes docker0 anew") })
    }

    @Test func `the host's network configuration is not for other namespaces`() throws {
        var problem = Self.asymmetric(Self.networkd)
        problem.lab.facts.namespace = NamespaceIdentity(inode: 7, name: "lab")
        let fix = try fix(.policyRule, of: problem)
        #expect(fix.persist == nil && !fix.sideEffects.contains { $0.contains("networkd") })
    }

    @Test func `an interface whose name the file cannot hold gets no file`() throws {
        var forwarded = Self.forwarded
        forwarded.lab.rename(Host.b0, "%i")
        forwarded.lab.facts.services = HostServices(managers: [Host.a0: Self.networkd])
        #expect(try fix(.policyRule, of: forwarded).persist == nil)
        var problem = Self.asymmetric(Self.stanza(IfupdownStanza.LaterFiles(directory: "/etc/network/interfaces.d")))
        problem.lab.rename(Host.a0, "a*")
        #expect(try fix(.policyRule, of: problem).persist == nil)
    }
}
