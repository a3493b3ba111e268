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
}
