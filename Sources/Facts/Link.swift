// SPDX-License-Identifier: Apache-2.0
package import Packets

/// A network interface (rtnetlink RTM_NEWLINK).
package struct Link: Hashable, Sendable {
    package var index: UInt32
    package var name: InterfaceName
    /// IFLA_INFO_KIND: `veth`, `vlan`, `tun`, `ipip`…; nil for hardware and loopback.
    package var kind: String?
    /// The device this one is enslaved to: bridge, bond, VRF.
    package var master: UInt32?
    /// The lower device of a VLAN or macvlan, when it is in the same namespace.
    package var parent: UInt32?
    /// IFLA_VRF_TABLE of a VRF device.
    package var vrfTable: UInt32?
    package var isUp: Bool
    /// IFF_LOWER_UP: false makes its routes linkdown.
    package var hasCarrier: Bool
    package var isLoopback: Bool
    package var macAddress: MACAddress?
    /// IFLA_GROUP, which `suppress_ifgroup` of a rule names.
    package var group: UInt32
    /// The multicast groups whose packets the interface takes in for this host; nil when not known.
    package var multicastGroups: Set<IPv4Address>?

    package init(
        index: UInt32, name: InterfaceName, kind: String? = nil, master: UInt32? = nil, parent: UInt32? = nil,
        vrfTable: UInt32? = nil, isUp: Bool = true, hasCarrier: Bool = true, isLoopback: Bool = false,
        macAddress: MACAddress? = nil, group: UInt32 = 0, multicastGroups: Set<IPv4Address>? = nil
    ) {
        self.index = index
        self.name = name
        self.kind = kind
        self.master = master
        self.parent = parent
        self.vrfTable = vrfTable
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.isLoopback = isLoopback
        self.macAddress = macAddress
        self.group = group
        self.multicastGroups = multicastGroups
    }
}

/// An IPv4 address on an interface (rtnetlink RTM_NEWADDR).
package struct InterfaceAddress: Hashable, Sendable {
    package var interface: UInt32
    /// IFA_LOCAL: the host's own address.
    package var local: IPv4Address
    /// IFA_ADDRESS with its length: the connected prefix, or the peer of a point-to-point address.
    package var prefix: IPv4Prefix
    package var broadcast: IPv4Address?
    /// RT_SCOPE_*: 0 universe, 253 link, 254 host.
    package var scope: UInt8
    package var isSecondary: Bool

    package init(
        interface: UInt32, local: IPv4Address, prefix: IPv4Prefix, broadcast: IPv4Address? = nil, scope: UInt8 = 0,
        isSecondary: Bool = false
    ) {
        self.interface = interface
        self.local = local
        self.prefix = prefix
        self.broadcast = broadcast
        self.scope = scope
        self.isSecondary = isSecondary
    }
}

/// A neighbour table entry (rtnetlink RTM_NEWNEIGH, IPv4).
package struct Neighbor: Hashable, Sendable {
    package var interface: UInt32
    package var address: IPv4Address
    package var macAddress: MACAddress?
    /// NUD_FAILED: the address did not answer ARP.
    package var hasFailed: Bool

    package init(interface: UInt32, address: IPv4Address, macAddress: MACAddress? = nil, hasFailed: Bool = false) {
        self.interface = interface
        self.address = address
        self.macAddress = macAddress
        self.hasFailed = hasFailed
    }
}
