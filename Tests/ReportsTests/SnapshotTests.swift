// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Reports
import Testing

@Suite struct SnapshotTests {
    /// Every field differs from its default somewhere.
    private static var facts: NetworkFacts {
        var rules = Rule.defaults
        rules.append(
            Rule(
                priority: 900, from: Samples.prefix("192.0.2.0/24"), to: Samples.prefix("198.51.100.7"),
                inputInterface: InterfaceName(bytes: [0x65, 0xFF]), outputInterface: "eth1", mark: 7, markMask: 0xFF,
                tos: 0x10, tosMask: 0xFC, transport: .tcp, sourcePorts: 1...9, destinationPorts: 80...80,
                userIDs: 0...1_000, tunnelKey: 3, isL3Master: true, isInverted: true, suppressPrefixLength: 0,
                suppressInterfaceGroup: 5, hasRealm: true, action: .lookup(table: 100)))
        for action in [Rule.Action.goto(priority: 5), .goto(priority: nil), .nop, .blackhole, .unreachable, .prohibit] {
            rules.append(Rule(priority: 901, action: action))
        }
        let hops = [
            Nexthop(interface: 2, gateway: Samples.address("192.0.2.9"), weight: 3, isDead: true, isOnLink: true),
            Nexthop(interface: 3, isLinkDown: true),
        ]
        var routes = [
            Route(
                table: 100, destination: Samples.prefix("203.0.113.0/25"), tos: 0x10, metric: 9, scope: 253, origin: 4,
                preferredSource: Samples.address("192.0.2.1"), nexthops: hops, hasRealm: true)
        ]
        for kind in (1...10).compactMap({ Route.Kind(rawValue: $0) }) {
            routes.append(Route(destination: .any, kind: kind, nexthops: []))
        }
        let values = InterfaceConfiguration(
            rpFilter: 1, acceptLocal: true, srcValidMark: true, routeLocalnet: true, forwarding: true,
            sendRedirects: false, broadcastForwarding: true, ignoreRoutesWithLinkdown: true, arpFilter: true,
            arpIgnore: 2, arpAnnounce: 1)
        var namespace = Samples.web
        namespace.creator = NamespaceCreator(.unit, name: "web.service")
        return NetworkFacts(
            namespace: namespace,
            links: [
                Link(
                    index: 2, name: InterfaceName(bytes: [0x65, 0xFF]), kind: "veth", master: 3, parent: 4, vrfTable: 9,
                    isUp: false, hasCarrier: false, isLoopback: true,
                    macAddress: MACAddress(rawValue: 0x0200_5E10_00FF),
                    group: 5, multicastGroups: [Samples.address("224.0.0.1"), Samples.address("233.252.0.1")]),
                Link(index: 3, name: "eth1"),
            ],
            addresses: [
                InterfaceAddress(
                    interface: 2, local: Samples.address("192.0.2.1"), prefix: Samples.prefix("192.0.2.0/24"),
                    broadcast: Samples.address("192.0.2.255"), scope: 253, isSecondary: true)
            ],
            rules: rules, routes: routes,
            neighbors: [
                Neighbor(
                    interface: 2, address: Samples.address("192.0.2.9"), macAddress: MACAddress(rawValue: 1),
                    hasFailed: true)
            ],
            configuration: NamespaceConfiguration(all: values, default: .init(), interfaces: [2: values, 3: .init()]),
            hasCustomRules: true, hasCustomLocalRoutes: false, services: services,
            sysctlSources: Samples.sysctlSources)
    }

    private static var services: HostServices {
        let place = FileLine("/etc/x\u{1B}", 7)
        let setting = ForeignSetting(interface: "eth1", key: "rp_filter", value: 2, place: place)
        let netplan = NetplanDefinition(id: "lan", deviceClass: "ethernets", place: place)
        return HostServices(
            found: [
                FoundService(.networkd, isRunning: true, evidence: ["process systemd-network (7)"]),
                FoundService(.cilium, evidence: ["interface cilium_host", "/etc/x"]),
            ],
            managers: [
                2: .networkd(
                    NetworkdLink(
                        networkFile: "/run/a.network", dropIns: ["/etc/b.conf"], settings: [setting], netplan: netplan)),
                3: .networkManager(ConnectionProfile(uuid: "1-2", name: "office", file: "/etc/o", netplan: netplan)),
                4: .ifupdown(
                    IfupdownStanza(
                        place: place, laterFiles: IfupdownStanza.LaterFiles(directory: "/etc/d", suffix: ".cfg"))),
                5: .ifupdown(IfupdownStanza(place: place)),
                6: .networkManager(ConnectionProfile(uuid: "3-4")),
            ],
            systemdVersion: 257,
            tunedProfile: TunedProfile(name: "mine", settings: [setting], reappliesFiles: false),
            auditDemands: [AuditDemand(profile: "STIG", setting: setting)], podmanBridges: ["podman0"])
    }

    private static let snapshot = Snapshot(
        origin: Samples.origin, time: Samples.start, facts: facts)

    @Test func whatIsWrittenIsReadBack() throws {
        #expect(try Snapshot(json: Self.snapshot.json()) == Self.snapshot)
    }

    @Test func halfASnapshotIsRefused() throws {
        let text = String(decoding: Self.snapshot.json(), as: UTF8.self)
        func problem(_ text: String) -> SnapshotError.Problem? {
            do throws(SnapshotError) {
                _ = try Snapshot(json: Array(text.utf8))
                return nil
            } catch {
                return error.problem
            }
        }
        #expect(problem(String(text.dropLast(20))) == .notJSON)
        #expect(problem("[]") == .lacks("rpf.snapshot"))
        #expect(problem(text.replacing("\"routes\"", with: "\"roads\"")) == .lacks("rpf.snapshot.routes"))
        // A routing table with a route that cannot be read would answer wrongly.
        #expect(
            problem(text.replacing("\"203.0.113.0/25\"", with: "\"203.0.113.0/35\""))
                == .lacks("rpf.snapshot.routes[0]"))
        #expect(
            problem(text.replacing("\"action\":\"nop\"", with: "\"action\":\"jump\""))
                == .lacks("rpf.snapshot.rules[6]"))
        #expect(problem(text.replacing("\"schema_version\":1", with: "\"schema_version\":99")) == .newerSchema(99))
    }
}
