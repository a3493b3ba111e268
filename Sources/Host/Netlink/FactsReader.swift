// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets
import SystemPackage

/// Reads everything that decides reverse path filtering in the network namespace the calling thread is in.
struct FactsReader: ~Copyable {
    private var socket: NetlinkSocket

    init() throws(HostError) {
        socket = try NetlinkSocket()
    }

    mutating func read(_ identity: NamespaceIdentity) throws(HostError) -> NetworkFacts {
        try read(identity, routes: try table().routes)
    }

    /// Takes the routes from the follower, which knows what became of them since they were read, or makes one.
    mutating func read(
        _ identity: NamespaceIdentity, following follower: inout RouteFollower?, isTableRead: inout Bool
    ) throws(HostError) -> NetworkFacts {
        let known = try follower?.refreshed(at: MonotonicClock.now) { (interface) throws(HostError) in
            try table(through: interface).routes
        }
        if let known { return try read(identity, routes: known) }
        // While this one holds its routes the new ones would be a second full table.
        follower = nil
        isTableRead = true
        let links = try links().map(\.link)
        let (routes, usesNexthopObjects) = try table()
        follower = RouteFollower(routes, usesNexthopObjects: usesNexthopObjects, links: links)
        return try read(identity, routes: routes)
    }

    /// Routes come first: they are the largest part, and a link that appears while they are read is then known.
    private mutating func read(
        _ identity: NamespaceIdentity, routes: RouteList
    ) throws(HostError) -> NetworkFacts {
        var facts = NetworkFacts(namespace: identity)
        facts.namespace.cookie = identity.cookie ?? socket.namespaceCookie
        facts.routes = routes
        facts.rules = try rules()
        let links = try links()
        let groups = MulticastGroups.read()
        facts.links = links.map { message in
            var link = message.link
            if let groups { link.multicastGroups = groups[link.index] ?? [] }
            return link
        }
        facts.addresses = try addresses()
        facts.neighbors = try neighbors()
        facts.configuration = NamespaceConfiguration(
            all: try configuration("all"), default: try configuration("default"),
            interfaces: Dictionary(
                links.compactMap { message in message.configuration.map { (message.link.index, $0) } },
                uniquingKeysWith: { $1 }))
        // The kernel's flags are sticky and not told: what stands in the tables proves only that they are set.
        if facts.rules != Rule.defaults { facts.hasCustomRules = true }
        if facts.routes.hasUsersLocalRoute { facts.hasCustomLocalRoutes = true }
        facts.time = MonotonicClock.now
        return facts
    }

    mutating func links() throws(HostError) -> [LinkMessage] {
        var request = NetlinkRequest.dump(RTM_GETLINK, body: ifinfomsg())
        request.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        var result: [LinkMessage] = []
        try socket.dump(request, "interfaces", restart: { result = [] }) { kind, payload in
            if kind == RTM_NEWLINK, let message = LinkMessage(payload) { result.append(message) }
        }
        return result
    }

    mutating func addresses() throws(HostError) -> [InterfaceAddress] {
        var body = ifaddrmsg()
        body.ifa_family = UInt8(AF_INET)
        var result: [InterfaceAddress] = []
        try socket.dump(.dump(RTM_GETADDR, body: body), "addresses", restart: { result = [] }) { kind, payload in
            if kind == RTM_NEWADDR, let address = InterfaceAddress(payload) { result.append(address) }
        }
        return result
    }

    /// The sysctls of `all`, `default` and every interface whose changes are announced.
    mutating func announcedConfiguration() throws(HostError) -> [ConfigurationMessage] {
        var body = netconfmsg()
        body.ncm_family = UInt8(AF_INET)
        var result: [ConfigurationMessage] = []
        try socket.dump(
            .dump(RTM_GETNETCONF, body: body), "interface settings", restart: { result = [] }
        ) { kind, payload in
            if kind == RTM_NEWNETCONF, let message = ConfigurationMessage(payload) { result.append(message) }
        }
        return result
    }

    private mutating func rules() throws(HostError) -> [Rule] {
        var body = fib_rule_hdr()
        body.family = UInt8(AF_INET)
        var result: [Rule] = []
        try socket.dump(.dump(RTM_GETRULE, body: body), "policy rules", restart: { result = [] }) { kind, payload in
            if kind == RTM_NEWRULE, let rule = Rule(payload) { result.append(rule) }
        }
        return result
    }

    /// All routes, or only those that lead through an interface or a member of it; by table, and within one in the
    /// kernel's order.
    private mutating func table(
        through interface: UInt32? = nil
    ) throws(HostError) -> (routes: RouteList, usesNexthopObjects: Bool) {
        var body = rtmsg()
        body.rtm_family = UInt8(AF_INET)
        var request = NetlinkRequest.dump(RTM_GETROUTE, body: body)
        if let interface {
            request.append(Int(RTA_OIF.rawValue), interface)
            // Only then the kernel looks at what is asked for.
            try socket.checkStrictly(true)
        }
        defer { if interface != nil { try? socket.checkStrictly(false) } }
        var result: RouteList = []
        var usesNexthopObjects = false
        var unresolved: [(position: Int, id: UInt32)] = []
        try socket.dump(
            request, "routes",
            restart: {
                result = []
                unresolved = []
            }
        ) { kind, payload in
            guard kind == RTM_NEWROUTE, let message = RouteMessage(payload) else { return }
            if message.nexthopID != nil { usesNexthopObjects = true }
            if let id = message.nexthopID, message.route.nexthops.isEmpty, message.route.kind != .blackhole {
                unresolved.append((result.count, id))
            }
            result.append(message.route)
        }
        if !unresolved.isEmpty {
            let objects = try nexthopObjects()
            for (position, id) in unresolved { result[position].nexthops = objects.nexthops(of: id) }
        }
        result.groupTables()
        return (result, usesNexthopObjects)
    }

    private mutating func nexthopObjects() throws(HostError) -> NexthopObjects {
        var result = NexthopObjects()
        try socket.dump(
            .dump(RTM_GETNEXTHOP, body: nhmsg()), "nexthop objects", restart: { result = NexthopObjects() }
        ) { kind, payload in
            if kind == RTM_NEWNEXTHOP, let message = NexthopMessage(payload) { result.insert(message) }
        }
        return result
    }

    private mutating func neighbors() throws(HostError) -> [Neighbor] {
        var body = ndmsg()
        body.ndm_family = UInt8(AF_INET)
        var result: [Neighbor] = []
        try socket.dump(.dump(RTM_GETNEIGH, body: body), "neighbours", restart: { result = [] }) { kind, payload in
            if kind == RTM_NEWNEIGH, let neighbor = Neighbor(payload) { result.append(neighbor) }
        }
        return result
    }

    /// `net.ipv4.conf.all` or `default`, which netlink does not send whole. /proc/sys shows the namespace of the thread
    /// that reads it.
    private func configuration(_ scope: String) throws(HostError) -> InterfaceConfiguration {
        func value(_ key: String) -> Int32? {
            Files.line(FilePath("/proc/sys/net/ipv4/conf/\(scope)/\(key)")).flatMap { Int32($0) }
        }
        guard let rpFilter = value("rp_filter") else {
            throw HostError(
                .notFound, cannot: "read", "/proc/sys/net/ipv4/conf/\(scope)/rp_filter",
                remedy: "mount /proc, and do not hide /proc/sys")
        }
        func flag(_ key: String) -> Bool { value(key) ?? 0 != 0 }
        return InterfaceConfiguration(
            rpFilter: rpFilter, acceptLocal: flag("accept_local"), srcValidMark: flag("src_valid_mark"),
            routeLocalnet: flag("route_localnet"), forwarding: flag("forwarding"),
            sendRedirects: flag("send_redirects"), broadcastForwarding: flag("bc_forwarding"),
            ignoreRoutesWithLinkdown: flag("ignore_routes_with_linkdown"), arpFilter: flag("arp_filter"),
            arpIgnore: value("arp_ignore") ?? 0, arpAnnounce: value("arp_announce") ?? 0)
    }
}
