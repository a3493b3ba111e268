// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// What RTM_NEWLINK says about one interface.
struct LinkMessage {
    var link: Link
    /// The interface's `net.ipv4.conf` values, which the kernel sends along (IFLA_INET_CONF); nil for an interface
    /// without IPv4.
    var configuration: InterfaceConfiguration?

    /// Nil when the message is not about an interface, too short for one, or what a bridge says about its port.
    init?(_ payload: RawSpan) {
        guard let header = payload.load(ifinfomsg.self), header.ifi_index > 0, header.ifi_family == UInt8(AF_UNSPEC)
        else { return nil }
        let flags = UInt32(header.ifi_flags)
        var link = Link(
            index: UInt32(header.ifi_index), name: InterfaceName(""), isUp: flags & IFF_UP.rawValue != 0,
            hasCarrier: flags & IFF_LOWER_UP.rawValue != 0, isLoopback: flags & IFF_LOOPBACK.rawValue != 0)
        var lower: UInt32?
        var isLowerElsewhere = false
        var configuration: InterfaceConfiguration?
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<ifinfomsg>.size)) { kind, value in
            switch kind {
            case IFLA_IFNAME: link.name = value.name
            case IFLA_GROUP: link.group = value.load(UInt32.self) ?? 0
            case IFLA_MASTER: link.master = value.load(UInt32.self)
            case IFLA_LINK: lower = value.load(UInt32.self)
            case IFLA_LINK_NETNSID: isLowerElsewhere = true
            case IFLA_ADDRESS: link.macAddress = MACAddress(octets: value.octets)
            case IFLA_LINKINFO:
                value.forEachAttribute { kind, value in
                    switch kind {
                    case IFLA_INFO_KIND: link.kind = value.name.text
                    case IFLA_INFO_DATA where link.kind == "vrf":
                        value.forEachAttribute { kind, value in
                            if kind == IFLA_VRF_TABLE { link.vrfTable = value.load(UInt32.self) }
                        }
                    default: break
                    }
                }
            case IFLA_AF_SPEC:
                value.forEachAttribute { family, value in
                    guard family == Int(AF_INET) else { return }
                    value.forEachAttribute { kind, value in
                        if kind == IFLA_INET_CONF { configuration = InterfaceConfiguration(deviceValues: value) }
                    }
                }
            default: break
            }
        }
        // A veth's IFLA_LINK is its peer, which it does not stand on.
        if let lower, lower != 0, lower != link.index, !isLowerElsewhere, link.kind != "veth" { link.parent = lower }
        if UInt32(header.ifi_type) != UInt32(ARPHRD_ETHER) { link.macAddress = nil }
        self.link = link
        self.configuration = configuration
    }
}

extension InterfaceConfiguration {
    /// From the kernel's array of values, one 32-bit number for each IPV4_DEVCONF_… in order from 1.
    init(deviceValues: RawSpan) {
        func value(_ index: Int) -> Int32? { deviceValues.load(Int32.self, at: (index - 1) * 4) }
        func flag(_ index: Int) -> Bool { value(index, or: 0) != 0 }
        func value(_ index: Int, or absent: Int32) -> Int32 { value(index) ?? absent }
        self.init(
            rpFilter: value(IPV4_DEVCONF_RP_FILTER, or: 0), acceptLocal: flag(IPV4_DEVCONF_ACCEPT_LOCAL),
            srcValidMark: flag(IPV4_DEVCONF_SRC_VMARK), routeLocalnet: flag(IPV4_DEVCONF_ROUTE_LOCALNET),
            forwarding: flag(IPV4_DEVCONF_FORWARDING), sendRedirects: flag(IPV4_DEVCONF_SEND_REDIRECTS),
            broadcastForwarding: flag(IPV4_DEVCONF_BC_FORWARDING),
            ignoreRoutesWithLinkdown: flag(IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN),
            arpFilter: flag(IPV4_DEVCONF_ARPFILTER), arpIgnore: value(IPV4_DEVCONF_ARP_IGNORE, or: 0),
            arpAnnounce: value(IPV4_DEVCONF_ARP_ANNOUNCE, or: 0))
    }
}
