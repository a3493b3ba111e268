// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Glibc
import Packets

/// Requests that change addresses, rules and routes, as `ip` would send them.
extension NetlinkRequest {
    private static let adding = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL

    static func add(_ address: InterfaceAddress) -> Self { address.request(RTM_NEWADDR, flags: adding) }
    static func delete(_ address: InterfaceAddress) -> Self { address.request(RTM_DELADDR, flags: NLM_F_ACK) }
    static func add(_ rule: Rule) -> Self? { rule.request(RTM_NEWRULE, flags: adding) }
    static func delete(_ rule: Rule) -> Self? { rule.request(RTM_DELRULE, flags: NLM_F_ACK) }
    static func add(_ route: Route) -> Self? { route.request(RTM_NEWROUTE, flags: adding) }
    static func delete(_ route: Route) -> Self? { route.request(RTM_DELROUTE, flags: NLM_F_ACK) }
}

extension InterfaceAddress {
    fileprivate func request(_ kind: Int, flags: Int32) -> NetlinkRequest {
        var body = ifaddrmsg()
        body.ifa_family = UInt8(AF_INET)
        body.ifa_prefixlen = prefix.length
        body.ifa_scope = scope
        body.ifa_index = interface
        var request = NetlinkRequest(kind, flags: flags, body: body)
        request.append(IFA_LOCAL, local)
        // The prefix's own octets are not the address that the kernel keeps: that is the local one, or the peer's.
        request.append(IFA_ADDRESS, prefix.contains(local) ? local : prefix.address)
        if kind == RTM_NEWADDR, let broadcast { request.append(IFA_BROADCAST, broadcast) }
        return request
    }
}

extension Rule {
    /// Nil for a rule with selectors or an action that fixes do not use.
    fileprivate func request(_ kind: Int, flags: Int32) -> NetlinkRequest? {
        guard case .lookup(let table) = action,
            self
                == Rule(
                    priority: priority, from: from, to: to, inputInterface: inputInterface,
                    action: .lookup(table: table))
        else { return nil }
        var body = fib_rule_hdr()
        body.family = UInt8(AF_INET)
        body.src_len = from?.length ?? 0
        body.dst_len = to?.length ?? 0
        body.action = UInt8(FR_ACT_TO_TBL)
        body.table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
        var request = NetlinkRequest(kind, flags: flags, body: body)
        if let from { request.append(FRA_SRC, from.address) }
        if let to { request.append(FRA_DST, to.address) }
        if let inputInterface { request.append(FRA_IIFNAME, octets: inputInterface.bytes + [0]) }
        request.append(FRA_PRIORITY, priority)
        request.append(FRA_TABLE, table)
        request.append(FRA_PROTOCOL, HostChange.origin)
        return request
    }
}

extension Route {
    /// Nil for a route other than a unicast one with one next hop.
    fileprivate func request(_ kind: Int, flags: Int32) -> NetlinkRequest? {
        guard self.kind == .unicast, nexthops.count == 1, let nexthop = nexthops.first else { return nil }
        var body = rtmsg()
        body.rtm_family = UInt8(AF_INET)
        body.rtm_dst_len = destination.length
        body.rtm_tos = tos
        body.rtm_table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
        body.rtm_protocol = HostChange.origin
        body.rtm_scope = scope
        body.rtm_type = self.kind.rawValue
        if nexthop.isOnLink { body.rtm_flags = UInt32(RTNH_F_ONLINK) }
        var request = NetlinkRequest(kind, flags: flags, body: body)
        request.append(Int(RTA_DST.rawValue), destination.address)
        request.append(Int(RTA_OIF.rawValue), nexthop.interface)
        if let gateway = nexthop.gateway { request.append(Int(RTA_GATEWAY.rawValue), gateway) }
        if let preferredSource { request.append(Int(RTA_PREFSRC.rawValue), preferredSource) }
        if metric != 0 { request.append(Int(RTA_PRIORITY.rawValue), metric) }
        request.append(Int(RTA_TABLE.rawValue), table)
        return request
    }
}
