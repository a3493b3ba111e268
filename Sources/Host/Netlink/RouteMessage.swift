// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// What RTM_NEWROUTE or RTM_DELROUTE says about one IPv4 route.
struct RouteMessage {
    var route: Route
    /// The nexthop object that the route goes through (RTA_NH_ID). The kernel sends the object's hops along unless
    /// `net.ipv4.nexthop_compat_mode` is off.
    var nexthopID: UInt32?

    /// Nil when it is not a route of a table: another family, a cached exception, an unknown type.
    init?(_ payload: RawSpan, includingCached: Bool = false) {
        guard let header = payload.load(rtmsg.self), header.rtm_family == UInt8(AF_INET),
            includingCached || header.rtm_flags & UInt32(RTM_F_CLONED) == 0,
            let kind = Route.Kind(rawValue: header.rtm_type)
        else { return nil }
        var route = Route(
            table: UInt32(header.rtm_table), destination: IPv4Prefix(.unspecified, length: header.rtm_dst_len),
            tos: header.rtm_tos, kind: kind, scope: header.rtm_scope, origin: header.rtm_protocol)
        var single = Nexthop(interface: 0, flags: header.rtm_flags)
        var nexthopID: UInt32?
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<rtmsg>.size)) { kind, value in
            switch UInt32(kind) {
            case RTA_TABLE.rawValue: route.table = value.load(UInt32.self) ?? route.table
            case RTA_DST.rawValue:
                route.destination =
                    value.address.map { IPv4Prefix($0, length: header.rtm_dst_len) } ?? route.destination
            case RTA_PRIORITY.rawValue: route.metric = value.load(UInt32.self) ?? 0
            case RTA_PREFSRC.rawValue: route.preferredSource = value.address
            case RTA_OIF.rawValue: single.interface = value.load(UInt32.self) ?? 0
            case RTA_GATEWAY.rawValue: single.gateway = value.address
            case RTA_FLOW.rawValue: route.hasRealm = true
            case RTA_NH_ID.rawValue: nexthopID = value.load(UInt32.self)
            case RTA_MULTIPATH.rawValue:
                value.forEachNexthop { route.nexthops.append($0, hasRealm: &route.hasRealm, $1) }
            default: break
            }
        }
        switch kind {
        // A blackhole nexthop object names the loopback device, which means nothing.
        case .blackhole, .unreachable, .prohibit, .throw: route.nexthops = []
        default: if route.nexthops.isEmpty && single.interface != 0 { route.nexthops = [single] }
        }
        self.route = route
        self.nexthopID = nexthopID
    }
}

extension [Nexthop] {
    /// Adds one member of a multipath route from its header and attributes.
    fileprivate mutating func append(_ header: rtnexthop, hasRealm: inout Bool, _ attributes: RawSpan) {
        var nexthop = Nexthop(interface: UInt32(bitPattern: header.rtnh_ifindex), flags: UInt32(header.rtnh_flags))
        nexthop.weight = UInt16(header.rtnh_hops) + 1
        var isRealm = false
        attributes.forEachAttribute { kind, value in
            switch UInt32(kind) {
            case RTA_GATEWAY.rawValue: nexthop.gateway = value.address
            case RTA_FLOW.rawValue: isRealm = true
            default: break
            }
        }
        hasRealm = hasRealm || isRealm
        append(nexthop)
    }
}

extension Nexthop {
    /// `flags`: RTNH_F_….
    init(interface: UInt32, flags: UInt32) {
        self.init(
            interface: interface, isDead: flags & UInt32(RTNH_F_DEAD) != 0,
            isLinkDown: flags & UInt32(RTNH_F_LINKDOWN) != 0, isOnLink: flags & UInt32(RTNH_F_ONLINK) != 0)
    }
}

extension RawSpan {
    /// Calls `body` with each `rtnexthop` of a RTA_MULTIPATH attribute and the attributes that belong to it.
    fileprivate func forEachNexthop(_ body: (rtnexthop, RawSpan) -> Void) {
        let headerSize = MemoryLayout<rtnexthop>.size
        var position = 0
        while let header = load(rtnexthop.self, at: position) {
            let length = Int(header.rtnh_len)
            guard length >= headerSize, length <= byteCount - position else { return }
            body(header, extracting(position + headerSize..<position + length))
            position += netlinkAligned(length)
        }
    }
}
