// SPDX-License-Identifier: Apache-2.0
package import Packets

/// A routing table entry (rtnetlink RTM_NEWROUTE, IPv4).
package struct Route: Hashable, Sendable {
    /// RTN_*, by the names `ip route` uses.
    package enum Kind: UInt8, Sendable {
        case unicast = 1
        case local = 2
        case broadcast = 3
        case anycast = 4
        case multicast = 5
        case blackhole = 6
        case unreachable = 7
        case prohibit = 8
        case `throw` = 9
        case nat = 10
    }

    /// Well-known table numbers.
    package enum Table {
        package static let `default`: UInt32 = 253
        package static let main: UInt32 = 254
        package static let local: UInt32 = 255
    }

    package var table: UInt32
    package var destination: IPv4Prefix
    /// The DSCP/TOS selector (`rtm_tos`); 0 matches any packet.
    package var tos: UInt8
    /// RTA_PRIORITY; lower is preferred.
    package var metric: UInt32
    package var kind: Kind
    /// RT_SCOPE_*: 0 universe, 253 link, 254 host, 255 nowhere.
    package var scope: UInt8
    /// RTPROT_*: 2 kernel, 3 boot, 4 static.
    package var origin: UInt8
    package var preferredSource: IPv4Address?
    /// One for an ordinary route, several for multipath and next-hop groups, none for blackhole and its kin.
    package var nexthops: [Nexthop]
    /// RTA_FLOW is set on the route or a nexthop: the namespace uses realms, which turns the full check on at rp_filter 0.
    package var hasRealm: Bool

    package init(
        table: UInt32 = Table.main, destination: IPv4Prefix, tos: UInt8 = 0, metric: UInt32 = 0, kind: Kind = .unicast,
        scope: UInt8 = 0, origin: UInt8 = 3, preferredSource: IPv4Address? = nil, nexthops: [Nexthop] = [],
        hasRealm: Bool = false
    ) {
        self.table = table
        self.destination = destination
        self.tos = tos
        self.metric = metric
        self.kind = kind
        self.scope = scope
        self.origin = origin
        self.preferredSource = preferredSource
        self.nexthops = nexthops
        self.hasRealm = hasRealm
    }
}

/// One way out of a route.
package struct Nexthop: Hashable, Sendable {
    package var interface: UInt32
    package var gateway: IPv4Address?
    /// 1 to 256.
    package var weight: UInt16
    /// RTNH_F_DEAD: its device is down, or has no carrier and is one whose routes the kernel then ignores.
    package var isDead: Bool
    /// RTNH_F_LINKDOWN: its device has no carrier.
    package var isLinkDown: Bool
    package var isOnLink: Bool

    package init(
        interface: UInt32, gateway: IPv4Address? = nil, weight: UInt16 = 1, isDead: Bool = false,
        isLinkDown: Bool = false, isOnLink: Bool = false
    ) {
        self.interface = interface
        self.gateway = gateway
        self.weight = weight
        self.isDead = isDead
        self.isLinkDown = isLinkDown
        self.isOnLink = isOnLink
    }
}
