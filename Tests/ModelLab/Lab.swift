// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets
package import Routing

/// A described host for tests, after the measured test bed: a0 is 192.0.2.1/24 with a peer at .2, b0 is 198.51.100.1/24
/// with a peer at .2, and 203.0.113.0/25 is routed by b0.
package struct Lab {
    package static let a0: UInt32 = 2
    package static let b0: UInt32 = 3
    /// Routed by b0.
    package static let asymmetric = address("203.0.113.5")
    /// Not routed.
    package static let unrouted = address("203.0.113.200")
    /// On-link on a0.
    package static let neighbor = address("192.0.2.77")
    /// b0's own address.
    package static let own = address("198.51.100.1")
    package static let local = address("192.0.2.1")
    /// Behind b0.
    package static let remote = address("198.51.100.2")

    package var facts: NetworkFacts

    package init() {
        facts = NetworkFacts(
            namespace: NamespaceIdentity(inode: 4_026_531_840, cookie: 1, isOwn: true, isInitial: true), time: 1_000,
            links: [
                Link(index: 1, name: "lo", isLoopback: true),
                Link(index: Self.a0, name: "a0", kind: "veth"),
                Link(index: Self.b0, name: "b0", kind: "veth"),
            ])
        for index in 1...Self.b0 { facts.configuration.interfaces[index] = InterfaceConfiguration() }
        assign("127.0.0.1/8", to: 1)
        assign("192.0.2.1/24", to: Self.a0)
        assign("198.51.100.1/24", to: Self.b0)
        route("203.0.113.0/25", via: "198.51.100.2", Self.b0)
    }

    package var model: RoutingModel { RoutingModel(facts) }

    /// The sysctls of an interface; index 0 is `all`.
    package subscript(interface: UInt32) -> InterfaceConfiguration {
        get { interface == 0 ? facts.configuration.all : facts.configuration.own(interface) }
        set {
            if interface == 0 {
                facts.configuration.all = newValue
            } else {
                facts.configuration.interfaces[interface] = newValue
            }
        }
    }

    package mutating func assign(_ text: String, to interface: UInt32) {
        let parts = text.split(separator: "/")
        facts.assign(
            InterfaceAddress(interface: interface, local: address(String(parts[0])), prefix: prefix(text)))
    }

    /// `ip addr flush dev …`.
    package mutating func flush(_ interface: UInt32) {
        facts.addresses.removeAll { $0.interface == interface }
        facts.routes.removeAll { route in route.nexthops.contains { $0.interface == interface } }
    }

    /// `ip route add …`.
    package mutating func route(
        _ destination: String, via gateway: String? = nil, _ interface: UInt32, table: UInt32 = Route.Table.main,
        metric: UInt32 = 0, isLinkDown: Bool = false, isDead: Bool = false, tos: UInt8 = 0
    ) {
        let nexthop = Nexthop(
            interface: interface, gateway: gateway.map { address($0) }, isDead: isDead, isLinkDown: isLinkDown)
        facts.routes.append(
            Route(
                table: table, destination: prefix(destination), tos: tos, metric: metric,
                scope: gateway == nil ? 253 : 0, nexthops: [nexthop]))
    }

    /// `ip route add blackhole …` and its kin.
    package mutating func refuse(
        _ kind: Route.Kind, _ destination: String, table: UInt32 = Route.Table.main, metric: UInt32 = 0
    ) {
        facts.routes.append(Route(table: table, destination: prefix(destination), metric: metric, kind: kind, scope: 0))
    }

    /// `ip route del …`.
    package mutating func unroute(_ destination: String, table: UInt32 = Route.Table.main) {
        facts.routes.removeAll { $0.destination == prefix(destination) && $0.table == table }
    }

    /// `ip rule add …`; without priority before the last one added, as the kernel numbers them.
    package mutating func rule(
        _ action: Rule.Action, priority: UInt32 = 32_765, _ change: (inout Rule) -> Void = { _ in }
    ) {
        var rule = Rule(priority: priority, action: action)
        change(&rule)
        facts.rules.insert(rule, at: facts.rules.firstIndex { $0.priority > priority } ?? facts.rules.endIndex)
    }

    /// Puts a0 and b0 into vrf0 (index 9, table 10) with the routes that they had.
    package mutating func enslave() {
        facts.links.append(Link(index: 9, name: "vrf0", kind: "vrf", vrfTable: 10))
        facts.configuration.interfaces[9] = InterfaceConfiguration()
        for index in facts.links.indices where [Self.a0, Self.b0].contains(facts.links[index].index) {
            facts.links[index].master = 9
        }
        for index in facts.routes.indices where facts.routes[index].nexthops.contains(where: { $0.interface != 1 }) {
            facts.routes[index].table = 10
        }
        rule(.lookup(table: 0), priority: 1000) { $0.isL3Master = true }
    }
}

/// A literal address; a wrong one becomes 0.0.0.0, which no test expects.
package func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? .unspecified }

/// A literal prefix; a wrong one becomes 0.0.0.0/32, which no test expects.
package func prefix(_ text: String) -> IPv4Prefix {
    text == "default" ? .any : IPv4Prefix(text) ?? IPv4Prefix(.unspecified, length: 32)
}
