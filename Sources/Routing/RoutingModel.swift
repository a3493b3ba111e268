// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets

/// A namespace's routing as the kernel does it: rules, tables and the source check over one snapshot. Never changes;
/// copies are cheap.
package struct RoutingModel: Sendable {
    package private(set) var facts: NetworkFacts
    /// The bits of a packet's TOS octet that lookups are handed: the DSCP.
    ///
    /// Kernels before `ip rule … dscp` (FRA_DSCP) hand on three of these bits only (0x1C, IPTOS_RT_MASK). That is no
    /// difference: `tos` selectors of rules and routes are compared in the three bits by every kernel (at first because
    /// no others came, since then by `include/net/ip_fib.h`, fib_dscp_masked_match), and only a rule of the kind that
    /// those kernels lack looks at more. So nothing has to be known about the kernel but its rules.
    package static let tosMask: UInt8 = 0xFC
    /// A rule was ever added or deleted: lookups follow the rules, and rp_filter 0 does the full check.
    package private(set) var hasCustomRules: Bool
    /// A route of type local was ever added by a user: rp_filter 0 does the full check.
    package private(set) var hasCustomLocalRoutes: Bool
    /// Some rule selects on protocol or ports, so that the source check fills them in.
    package let rulesSelectOnFlow: Bool
    /// Take every nexthop for usable, to ask what a lookup would have found with all links up.
    private(set) var assumesLinksUp = false

    let tables: [UInt32: RouteTable]
    /// The three that are asked while no rule was ever added.
    let localTable: RouteTable?
    let mainTable: RouteTable?
    let defaultTable: RouteTable?
    let entries: [RuleEntry]
    let linkByIndex: [UInt32: Link]
    /// By index of each VRF device and of each member: the VRF device.
    private let vrfs: [UInt32: UInt32]
    let ownAddresses: Set<IPv4Address>
    let interfacesWithAddress: Set<UInt32>
    /// Rules and nexthops with a realm are counted together (`net->ipv4.fib_num_tclassid_users`).
    let usesRealms: Bool
    private let hasRealmRoute: Bool
    private let hasUsersLocalRoute: Bool

    /// `reusing`: a model of an earlier state of the same namespace; its index of routes is taken over when the routes
    /// are the same, which makes a changed sysctl or rule cheap to try on a full table.
    package init(_ facts: NetworkFacts, reusing other: RoutingModel? = nil) {
        self.facts = facts
        if let other, other.facts.routes == facts.routes {
            tables = other.tables
            hasRealmRoute = other.hasRealmRoute
            hasUsersLocalRoute = other.hasUsersLocalRoute
        } else {
            tables = Self.index(facts.routes)
            hasRealmRoute = facts.routes.hasRealm
            hasUsersLocalRoute = facts.routes.hasUsersLocalRoute
        }
        usesRealms = hasRealmRoute || facts.rules.contains { $0.hasRealm }
        localTable = tables[Route.Table.local]
        mainTable = tables[Route.Table.main]
        defaultTable = tables[Route.Table.default]
        linkByIndex = Dictionary(facts.links.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        vrfs = Self.vrfs(linkByIndex)
        ownAddresses = Set(facts.addresses.map { $0.local })
        interfacesWithAddress = Set(facts.addresses.map { $0.interface })
        entries = Self.entries(facts, tables)
        // `include/net/fib_rules.h`, fib_rule_requires_fldissect: rules for the host's own packets do not count.
        rulesSelectOnFlow = entries.contains { entry in
            if case .interface(LookupKey.loopback) = entry.input { return false }
            return entry.rule.transport != nil || entry.rule.sourcePorts != nil || entry.rule.destinationPorts != nil
        }
        let rulesDiffer = Set(facts.rules) != Set(Rule.defaults)
        hasCustomRules = rulesDiffer || facts.hasCustomRules == true
        hasCustomLocalRoutes = facts.hasCustomLocalRoutes ?? hasUsersLocalRoute
    }

    /// The same model with what is known by now of sysctls that changed: no lookup depends on it.
    package func noting(_ changes: [SettingChange]) -> Self {
        var copy = self
        copy.facts.settingChanges = changes
        return copy
    }

    /// The same model with the kernel's sticky flags as they were read at a drop; nil leaves what is known. A flag that
    /// the snapshot proves set stays set.
    package func assuming(customRules: Bool?, customLocalRoutes: Bool?) -> Self {
        var copy = self
        if let customRules { copy.hasCustomRules = customRules || Set(facts.rules) != Set(Rule.defaults) }
        if let customLocalRoutes { copy.hasCustomLocalRoutes = customLocalRoutes }
        return copy
    }

    /// The same model with every nexthop taken for usable, whatever its link state.
    package func assumingLinksUp() -> Self {
        var copy = self
        copy.assumesLinksUp = true
        return copy
    }

    /// The VRF device that `interface` is, or is enslaved to; 0 when none (`net/l3mdev/l3mdev.c`, l3mdev_master_ifindex).
    package func vrf(of interface: UInt32) -> UInt32 { vrfs.isEmpty ? 0 : vrfs[interface] ?? 0 }

    package func link(_ interface: UInt32) -> Link? { linkByIndex[interface] }

    /// Whether the interface has any IPv4 address.
    package func hasAddress(_ interface: UInt32) -> Bool { interfacesWithAddress.contains(interface) }

    /// The numbers of all tables that have a route.
    package var tableNumbers: [UInt32] { tables.keys.sorted() }

    /// Whether a route leads through `interface`, or through a member of it when it is a VRF: then strict mode accepts
    /// (`net/ipv4/fib_frontend.c`, fib_info_nh_uses_dev). All nexthops count, also dead ones.
    package func uses(_ route: Route, _ interface: UInt32) -> Bool {
        route.nexthops.contains { $0.interface == interface || vrf(of: $0.interface) == interface }
    }

    /// The nexthop that a lookup takes of a route it found: the first usable one.
    package func chosenNexthop(_ route: Route) -> Nexthop? {
        route.nexthops.first { isUsable($0, ignoringLinkState: false) } ?? route.nexthops.first
    }

    /// Whether lookups take the nexthop (`net/ipv4/fib_trie.c`, fib_lookup_good_nhc, without the output interface).
    package func isUsable(_ nexthop: Nexthop, ignoringLinkState: Bool = false) -> Bool {
        if assumesLinksUp { return true }
        guard nexthop.isDead else { return true }
        // The kernel shows a nexthop whose carrier alone is missing as dead where it ignores those, and knows best which
        // sysctls make it do so: on 5.10 the interface's own ignore_routes_with_linkdown, later that of `all` as well.
        return ignoringLinkState && nexthop.isLinkDown && linkByIndex[nexthop.interface]?.isUp != false
    }

    private static func vrfs(_ links: [UInt32: Link]) -> [UInt32: UInt32] {
        var result: [UInt32: UInt32] = [:]
        for (index, link) in links {
            if link.vrfTable != nil {
                result[index] = index
            } else if let master = link.master, links[master]?.vrfTable != nil {
                result[index] = master
            }
        }
        return result
    }

    private static func index(_ routes: RouteList) -> [UInt32: RouteTable] {
        var members: [UInt32: [Int32]] = [:]
        var start = 0
        while start < routes.count {
            // In a dump those of one table stand together.
            let table = routes.table(at: start)
            var end = start + 1
            while end < routes.count, routes.table(at: end) == table { end += 1 }
            members[table, default: []] += Int32(start)..<Int32(end)
            start = end
        }
        return members.mapValues { RouteTable(routes: routes, members: $0) }
    }

    private static func entries(_ facts: NetworkFacts, _ tables: [UInt32: RouteTable]) -> [RuleEntry] {
        // Stable by position: rules of one priority are tried in the order in which they were added.
        let rules = facts.rules.enumerated()
            .sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }.map(\.element)
        func selector(_ name: InterfaceName?) -> RuleEntry.InterfaceSelector {
            guard let name else { return .any }
            guard let link = facts.link(named: name) else {
                return name == "lo" ? .interface(LookupKey.loopback) : .detached
            }
            return link.vrfTable == nil ? .interface(link.index) : .vrf(link.index)
        }
        return rules.enumerated().map { position, rule in
            var jump: Int?
            // The kernel refuses jumps backwards; so do we, lest a recording make us loop.
            if case .goto(let priority?) = rule.action,
                let target = rules.firstIndex(where: { $0.priority == priority }),
                target > position
            {
                jump = target
            }
            var table: RouteTable?
            if case .lookup(let number) = rule.action, !rule.isL3Master { table = tables[number] }
            return RuleEntry(
                rule: rule, input: selector(rule.inputInterface), output: selector(rule.outputInterface), jump: jump,
                table: table)
        }
    }
}
