// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Packets
import Testing

@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct FactsTests {
    /// A namespace `host-…` with a0 and b0 whose peers are in the same namespace, up, with an address each.
    private func host() throws -> TestNamespace {
        let namespace = try TestNamespace("facts")
        try namespace.ip("link set lo up")
        try namespace.ip("link add a0 type veth peer name a1")
        try namespace.ip("link add b0 type veth peer name b1")
        for link in ["a0", "a1", "b0", "b1"] { try namespace.ip("link set \(link) up") }
        try namespace.ip("addr add 192.0.2.1/24 dev a0")
        try namespace.ip("addr add 198.51.100.1/24 brd 198.51.100.255 dev b0")
        return namespace
    }

    private func facts(_ namespace: TestNamespace) throws -> NetworkFacts {
        let opened = try namespace.open()
        return try opened.facts(NamespaceIdentity(inode: opened.inode, name: namespace.name))
    }

    @Test func everyKindOfRouteIsRead() throws {
        let namespace = try host()
        try namespace.ip("route add 203.0.113.0/25 via 198.51.100.2 dev b0 metric 10")
        try namespace.ip("route add 203.0.113.0/25 via 192.0.2.2 dev a0 metric 20")
        try namespace.ip("route add 203.0.113.0/25 tos 0x10 via 192.0.2.3")
        try namespace.ip(
            "route add 203.0.113.128/26 nexthop via 192.0.2.2 dev a0 weight 3 nexthop via 198.51.100.2 dev b0 onlink")
        try namespace.ip("nexthop add id 1 via 192.0.2.2 dev a0")
        try namespace.ip("nexthop add id 2 via 198.51.100.2 dev b0")
        try namespace.ip("nexthop add id 3 group 1,5/2,2")
        try namespace.ip("nexthop add id 4 blackhole")
        try namespace.ip("route add 203.0.113.192/28 nhid 3")
        try namespace.ip("route add 203.0.113.208/28 nhid 1")
        try namespace.ip("route add 203.0.113.224/28 nhid 4")
        try namespace.ip("route add blackhole 203.0.113.240/32")
        try namespace.ip("route add unreachable 203.0.113.241/32")
        try namespace.ip("route add prohibit 203.0.113.242/32")
        try namespace.ip("route add throw 203.0.113.243/32 table 100")
        try namespace.ip("route add local 203.0.113.244/32 dev lo table 1000")
        try namespace.ip("route add default via 192.0.2.9 src 192.0.2.1 table 100")
        try namespace.ip("route add 203.0.113.245/32 via 192.0.2.2 realm 7")
        for compatibility in [1, 0] {
            try namespace.sysctl("nexthop_compat_mode", compatibility)
            let facts = try facts(namespace)
            let a0 = try #require(facts.link(named: "a0")?.index)
            let b0 = try #require(facts.link(named: "b0")?.index)
            func route(_ prefix: String, table: UInt32 = 254, metric: UInt32 = 0, tos: UInt8 = 0) throws -> Route {
                let wanted = try #require(IPv4Prefix(prefix))
                return try #require(
                    facts.routes.first {
                        $0.destination == wanted && $0.table == table && $0.metric == metric && $0.tos == tos
                    }, "\(prefix)")
            }
            let viaA = Nexthop(interface: a0, gateway: IPv4Address("192.0.2.2"))
            let viaB = Nexthop(interface: b0, gateway: IPv4Address("198.51.100.2"))
            #expect(try route("203.0.113.0/25", metric: 10).nexthops == [viaB])
            #expect(try route("203.0.113.0/25", metric: 20).nexthops == [viaA])
            #expect(try route("203.0.113.0/25", tos: 0x10).nexthops.first?.gateway == IPv4Address("192.0.2.3"))
            let multipath = try route("203.0.113.128/26")
            #expect(multipath.nexthops.map(\.interface) == [a0, b0])
            #expect(multipath.nexthops.map(\.weight) == [3, 1])
            #expect(multipath.nexthops.map(\.isOnLink) == [false, true])
            let group = try route("203.0.113.192/28")
            #expect(group.nexthops.map(\.interface) == [a0, b0])
            #expect(group.nexthops.map(\.gateway) == [viaA.gateway, viaB.gateway])
            #expect(group.nexthops.map(\.weight) == [5, 2])
            #expect(try route("203.0.113.208/28").nexthops == [viaA])
            #expect(try route("203.0.113.224/28").kind == .blackhole)
            #expect(try route("203.0.113.224/28").nexthops.isEmpty)
            #expect(try route("203.0.113.240/32").kind == .blackhole)
            #expect(try route("203.0.113.241/32").kind == .unreachable)
            #expect(try route("203.0.113.242/32").kind == .prohibit)
            #expect(try route("203.0.113.243/32", table: 100).kind == .throw)
            #expect(try route("203.0.113.244/32", table: 1000).kind == .local)
            #expect(facts.hasCustomLocalRoutes == true)
            let other = try route("0.0.0.0/0", table: 100)
            #expect(other.preferredSource == IPv4Address("192.0.2.1"))
            #expect(other.origin == 3)
            #expect(try route("203.0.113.245/32").hasRealm)
            #expect(try !route("203.0.113.0/25", metric: 10).hasRealm)
            let connected = try route("192.0.2.0/24")
            #expect(connected.scope == 253 && connected.origin == 2 && connected.nexthops.map(\.interface) == [a0])
            #expect(try route("192.0.2.1/32", table: 255).kind == .local)
            #expect(try route("192.0.2.255/32", table: 255).kind == .broadcast)
        }
    }

    @Test func everyKindOfRuleIsRead() throws {
        let namespace = try host()
        #expect(try facts(namespace).rules == Rule.defaults)
        #expect(try facts(namespace).hasCustomRules == nil)
        try namespace.ip("rule add from 192.0.2.0/24 to 203.0.113.7 iif a0 fwmark 0x10/0xff priority 10 lookup 100")
        try namespace.ip("rule add oif b0 tos 0x10 priority 20 lookup main suppress_prefixlength 0")
        try namespace.ip("rule add not ipproto tcp sport 1000-2000 dport 53 uidrange 0-99 priority 30 goto 32767")
        try namespace.ip("rule add fwmark 5 priority 40 blackhole")
        try namespace.ip("rule add iif lo priority 50 unreachable")
        try namespace.ip("rule add to 203.0.113.0/24 priority 60 prohibit")
        try namespace.ip("rule add priority 70 lookup 100000 suppress_ifgroup 7")
        try namespace.ip("rule add priority 80 goto 12345")
        try namespace.ip("rule add priority 90 nop")
        try namespace.ip("rule add priority 100 realms 3 lookup 100")
        let facts = try facts(namespace)
        #expect(
            facts.rules == [
                Rule.defaults[0],
                Rule(
                    priority: 10, from: IPv4Prefix("192.0.2.0/24"), to: IPv4Prefix("203.0.113.7"),
                    inputInterface: "a0", mark: 0x10, markMask: 0xFF, action: .lookup(table: 100)),
                Rule(
                    priority: 20, outputInterface: "b0", tos: 0x10, suppressPrefixLength: 0,
                    action: .lookup(table: 254)),
                Rule(
                    priority: 30, transport: .tcp, sourcePorts: 1000...2000, destinationPorts: 53...53,
                    userIDs: 0...99, isInverted: true, action: .goto(priority: 32767)),
                Rule(priority: 40, mark: 5, markMask: .max, action: .blackhole),
                Rule(priority: 50, inputInterface: "lo", action: .unreachable),
                Rule(priority: 60, to: IPv4Prefix("203.0.113.0/24"), action: .prohibit),
                Rule(priority: 70, suppressInterfaceGroup: 7, action: .lookup(table: 100_000)),
                Rule(priority: 80, action: .goto(priority: nil)),
                Rule(priority: 90, action: .nop),
                Rule(priority: 100, hasRealm: true, action: .lookup(table: 100)),
                Rule.defaults[1], Rule.defaults[2],
            ])
        #expect(facts.hasCustomRules == true)
    }

    @Test func linksAndAddressesAreRead() throws {
        let namespace = try host()
        try namespace.ip("link add br0 type bridge")
        try namespace.ip("link set b1 master br0")
        try namespace.ip("link add link a0 name mac0 type macvlan mode bridge")
        try namespace.ip("link set mac0 address 02:00:00:00:00:77 group 42")
        try namespace.ip("link set a1 down")
        try namespace.ip("addr add 192.0.2.200/24 dev a0")
        try namespace.ip("addr add 203.0.113.1 peer 203.0.113.2/30 dev b0")
        try namespace.ip("addr add 203.0.113.99/32 dev lo scope host")
        try namespace.ip("neigh add 192.0.2.77 lladdr 02:00:00:00:00:07 dev a0")
        let facts = try facts(namespace)
        func link(_ name: InterfaceName) throws -> Link { try #require(facts.link(named: name)) }
        #expect(try link("lo").isLoopback && link("lo").isUp && link("lo").kind == nil)
        #expect(try link("a0").kind == "veth" && link("a0").isUp)
        #expect(try !link("a0").hasCarrier, "its peer is down")
        #expect(try link("b0").hasCarrier)
        #expect(try link("a0").parent == nil, "a veth does not stand on its peer")
        #expect(try !link("a1").isUp)
        #expect(try link("br0").kind == "bridge")
        // 224.0.0.1, which an interface that is up joins by itself.
        #expect(try link("a0").multicastGroups == [IPv4Address(rawValue: 0xE000_0001)])
        #expect(try link("a1").multicastGroups == [])
        #expect(try link("b1").master == link("br0").index)
        let macvlan = try link("mac0")
        #expect(try macvlan.parent == link("a0").index)
        #expect(macvlan.kind == "macvlan" && macvlan.group == 42)
        #expect(macvlan.macAddress == MACAddress(rawValue: 0x0200_0000_0077))

        let onA0 = facts.addresses(on: try link("a0").index)
        #expect(onA0.map { "\($0.local) \($0.prefix)" } == ["192.0.2.1 192.0.2.0/24", "192.0.2.200 192.0.2.0/24"])
        #expect(onA0.map(\.isSecondary) == [false, true])
        let onB0 = facts.addresses(on: try link("b0").index)
        #expect(
            Set(onB0.map { "\($0.local) \($0.prefix) \($0.broadcast.map { "\($0)" } ?? "-")" }) == [
                "198.51.100.1 198.51.100.0/24 198.51.100.255", "203.0.113.1 203.0.113.0/30 -",
            ])
        let onLoopback = facts.addresses(on: try link("lo").index)
        #expect(onLoopback.contains { $0.local == IPv4Address("203.0.113.99") && $0.scope == 254 })
        #expect(
            facts.neighbors.contains {
                $0.address == IPv4Address("192.0.2.77") && $0.macAddress == MACAddress(rawValue: 0x0200_0000_0007)
                    && !$0.hasFailed
            })
    }

    @Test func aLowerDeviceElsewhereIsNoParent() throws {
        let namespace = try host()
        let other = try TestNamespace("lower")
        try namespace.ip("link add link a0 name mac0 type macvlan")
        try namespace.ip("link set mac0 netns \(other.name)")
        let link = try #require(try facts(other).link(named: "mac0"))
        #expect(link.kind == "macvlan" && link.parent == nil)
    }

    @Test func settingsOfEveryScopeAreRead() throws {
        let namespace = try host()
        let values = [
            "rp_filter": 7, "accept_local": 1, "src_valid_mark": 1, "route_localnet": 1, "forwarding": 1,
            "send_redirects": 0, "bc_forwarding": 1, "ignore_routes_with_linkdown": 1, "arp_filter": 1,
            "arp_ignore": 2, "arp_announce": 1,
        ]
        let everything = InterfaceConfiguration(
            rpFilter: 7, acceptLocal: true, srcValidMark: true, routeLocalnet: true, forwarding: true,
            sendRedirects: false, broadcastForwarding: true, ignoreRoutesWithLinkdown: true, arpFilter: true,
            arpIgnore: 2, arpAnnounce: 1)
        for scope in ["all", "default", "a0"] {
            let before = try facts(namespace)
            for (key, value) in values { try namespace.sysctl("conf/\(scope)/\(key)", value) }
            let after = try facts(namespace)
            let a0 = try #require(after.link(named: "a0")?.index)
            let b0 = try #require(after.link(named: "b0")?.index)
            switch scope {
            case "all": #expect(after.configuration.all == everything)
            case "default": #expect(after.configuration.default == everything)
            default:
                #expect(after.configuration.own(a0) == everything)
                #expect(after.configuration.own(b0) == before.configuration.own(b0))
                #expect(after.configuration.all == before.configuration.all)
            }
            #expect(after.time > before.time)
        }
    }

    @Test(arguments: [Array("a;b$(c)".utf8), Array("eth0.100".utf8), [0x77, 0xFF, 0xFE, 0x1B], Array("a'b\"c\\".utf8)])
    func interfacesOfAnyNameAreRead(octets: [UInt8]) throws {
        let namespace = try TestNamespace("names")
        let name = InterfaceName(bytes: octets)
        let script =
            "ip link add \"$(printf \"$1\")\" type veth peer name p0 && cd /proc/sys/net/ipv4/conf && "
            + "echo 2 > \"$(printf \"$1\")/rp_filter\""
        let escaped = octets.map { "\\" + String($0, radix: 8) }.joined()
        try namespace.exec(["/bin/sh", "-c", script, "sh", escaped])
        let facts = try facts(namespace)
        let link = try #require(facts.link(named: name))
        #expect(link.name.bytes == octets)
        #expect(facts.configuration.own(link.index).rpFilter == 2)
    }

    @Test func aHundredThousandRoutesAreReadInOneGo() throws {
        let namespace = try host()
        let script = """
            i=0; while [ $i -lt 400 ]; do j=0; while [ $j -lt 250 ]; do
            echo "route add 203.0.113.$j/32 via 192.0.2.2 table $((1000 + i))"
            j=$((j + 1)); done; i=$((i + 1)); done | ip -batch -
            """
        try namespace.exec(["/bin/sh", "-c", script])
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure { count = try facts(namespace).routes.count { $0.table >= 1000 } }
        #expect(count == 100_000)
        #expect(time < .seconds(20), "100,000 routes took \(time)")
    }

    @Test func theOwnNamespaceNeedsNoPrivilege() throws {
        let own = try NetworkNamespace.own()
        let facts = try own.facts(NamespaceIdentity(inode: own.inode, isOwn: true))
        #expect(facts.links.contains { $0.isLoopback })
        #expect(facts.namespace.cookie != nil)
    }
}
