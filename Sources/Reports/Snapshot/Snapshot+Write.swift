// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension Snapshot {
    /// One JSON object on one line, with its newline.
    package func json() -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginDocument(at: time)
        buffer.members(of: origin, start: nil)
        buffer.container(facts.namespace.container)
        buffer.object("rpf") { rpf in
            rpf.object("snapshot") { snapshot in
                snapshot.netns(facts.namespace)
                snapshot.creator(facts.namespace.creator)
                snapshot.key("custom_rules")
                snapshot.optional(facts.hasCustomRules) { $0.bool($1) }
                snapshot.key("custom_local_routes")
                snapshot.optional(facts.hasCustomLocalRoutes) { $0.bool($1) }
                snapshot.array("links", facts.links) { $0.write($1) }
                snapshot.array("addresses", facts.addresses) { $0.write($1) }
                snapshot.array("rules", facts.rules) { $0.write($1) }
                snapshot.array("routes", facts.routes) { $0.write($1) }
                snapshot.array("neighbors", facts.neighbors) { $0.write($1) }
                snapshot.object("conf") { conf in
                    conf.object("all") { $0.members(of: facts.configuration.all) }
                    conf.object("default") { $0.members(of: facts.configuration.default) }
                    let interfaces = facts.configuration.interfaces.sorted { $0.key < $1.key }
                    conf.array("interfaces", interfaces) { list, entry in
                        list.beginObject()
                        list.key("ifindex")
                        list.number(entry.key)
                        list.members(of: entry.value)
                        list.endObject()
                    }
                }
                snapshot.services(facts.services)
                snapshot.key("sysctl_sources")
                snapshot.optional(facts.sysctlSources) { $0.write($1) }
            }
        }
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }
}

extension JSONBuffer {
    /// A member that is left out when there is no value: most fields of most routes and rules have none.
    private mutating func some<Value>(
        _ name: StaticString, _ value: Value?, _ write: (inout Self, Value) -> Void
    ) {
        guard let value else { return }
        key(name)
        write(&self, value)
    }

    private mutating func flag(_ name: StaticString, _ value: Bool) {
        if value {
            key(name)
            bool(true)
        }
    }

    private mutating func range(_ name: StaticString, _ range: ClosedRange<some FixedWidthInteger & UnsignedInteger>?) {
        some(name, range) { buffer, range in
            buffer.beginArray()
            buffer.number(range.lowerBound)
            buffer.number(range.upperBound)
            buffer.endArray()
        }
    }

    fileprivate mutating func write(_ link: Link) {
        beginObject()
        key("ifindex")
        number(link.index)
        // By its octets: a name may be none in UTF-8.
        member("name", link.name)
        interfaceHex("name_hex", link.name)
        some("kind", link.kind) { $0.string($1, limit: Limit.long) }
        some("master", link.master) { $0.number($1) }
        some("link", link.parent) { $0.number($1) }
        some("vrf_table", link.vrfTable) { $0.number($1) }
        key("up")
        bool(link.isUp)
        key("carrier")
        bool(link.hasCarrier)
        flag("loopback", link.isLoopback)
        some("mac", link.macAddress) { $0.mac($1) }
        key("group")
        number(link.group)
        if let groups = link.multicastGroups { array("multicast_groups", groups.sorted()) { $0.address($1) } }
        endObject()
    }

    mutating func write(_ own: InterfaceAddress) {
        beginObject()
        key("ifindex")
        number(own.interface)
        key("local")
        address(own.local)
        key("prefix")
        prefix(own.prefix)
        some("broadcast", own.broadcast) { $0.address($1) }
        key("scope")
        number(own.scope)
        flag("secondary", own.isSecondary)
        endObject()
    }

    mutating func write(_ rule: Rule) {
        beginObject()
        key("priority")
        number(rule.priority)
        some("from", rule.from) { $0.prefix($1) }
        some("to", rule.to) { $0.prefix($1) }
        some("iif", rule.inputInterface) { $0.string($1) }
        some("iif_hex", rule.inputInterface) { $0.hex($1.bytes) }
        some("oif", rule.outputInterface) { $0.string($1) }
        some("oif_hex", rule.outputInterface) { $0.hex($1.bytes) }
        key("fwmark")
        number(rule.mark)
        key("fwmask")
        number(rule.markMask)
        key("tos")
        number(rule.tos)
        key("tos_mask")
        number(rule.tosMask)
        some("ipproto", rule.transport) { $0.number($1.rawValue) }
        range("sport", rule.sourcePorts)
        range("dport", rule.destinationPorts)
        range("uidrange", rule.userIDs)
        some("tun_id", rule.tunnelKey) { $0.number($1) }
        flag("l3mdev", rule.isL3Master)
        flag("not", rule.isInverted)
        some("suppress_prefixlength", rule.suppressPrefixLength) { $0.number($1) }
        some("suppress_ifgroup", rule.suppressInterfaceGroup) { $0.number($1) }
        flag("realm", rule.hasRealm)
        key("action")
        switch rule.action {
        case .lookup(let table):
            word("lookup")
            key("table")
            number(table)
        case .goto(let priority):
            word("goto")
            some("goto", priority) { $0.number($1) }
        case .nop: word("nop")
        case .blackhole: word("blackhole")
        case .unreachable: word("unreachable")
        case .prohibit: word("prohibit")
        }
        endObject()
    }

    mutating func write(_ route: Route) {
        beginObject()
        key("table")
        number(route.table)
        key("dst")
        prefix(route.destination)
        if route.tos != 0 {
            key("tos")
            number(route.tos)
        }
        if route.metric != 0 {
            key("metric")
            number(route.metric)
        }
        key("type")
        word("\(route.kind)")
        key("scope")
        number(route.scope)
        key("protocol")
        number(route.origin)
        some("prefsrc", route.preferredSource) { $0.address($1) }
        array("nexthops", route.nexthops) { list, nexthop in
            list.beginObject()
            list.key("ifindex")
            list.number(nexthop.interface)
            list.some("via", nexthop.gateway) { $0.address($1) }
            list.key("weight")
            list.number(nexthop.weight)
            list.flag("dead", nexthop.isDead)
            list.flag("linkdown", nexthop.isLinkDown)
            list.flag("onlink", nexthop.isOnLink)
            list.endObject()
        }
        flag("realm", route.hasRealm)
        endObject()
    }

    fileprivate mutating func write(_ neighbor: Neighbor) {
        beginObject()
        key("ifindex")
        number(neighbor.interface)
        key("dst")
        address(neighbor.address)
        some("mac", neighbor.macAddress) { $0.mac($1) }
        flag("failed", neighbor.hasFailed)
        endObject()
    }

    fileprivate mutating func members(of configuration: InterfaceConfiguration) {
        key("rp_filter")
        number(configuration.rpFilter)
        key("accept_local")
        bool(configuration.acceptLocal)
        key("src_valid_mark")
        bool(configuration.srcValidMark)
        key("route_localnet")
        bool(configuration.routeLocalnet)
        key("forwarding")
        bool(configuration.forwarding)
        key("send_redirects")
        bool(configuration.sendRedirects)
        key("bc_forwarding")
        bool(configuration.broadcastForwarding)
        key("ignore_routes_with_linkdown")
        bool(configuration.ignoreRoutesWithLinkdown)
        key("arp_filter")
        bool(configuration.arpFilter)
        key("arp_ignore")
        number(configuration.arpIgnore)
        key("arp_announce")
        number(configuration.arpAnnounce)
    }
}
