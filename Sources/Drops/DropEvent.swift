// SPDX-License-Identifier: Apache-2.0
package import Packets

/// What the kernel said about a refused packet, before anybody judges it.
package enum DropOutcome: UInt8, Sendable, CaseIterable {
    case other = 0
    /// `SKB_DROP_REASON_IP_RPFILTER`, or the verdict that stands for it.
    case reversePathFilter = 1
    case localSource = 2
    case invalidSource = 3
    case localnet = 4
    case netfilter = 5
    /// Refused by the source check but not by rp_filter, on a kernel that does not say why (-EINVAL before 6.13).
    case martian = 6
}

/// Which way the packet was going when its source was checked; the words of `rpf.path`.
package enum PacketPath: String, Sendable, CaseIterable {
    case input, forward, multicast, broadcast, arp
}

/// Which hooks saw the drop.
package struct DropHooks: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The kfree_skb tracepoint.
    package static let drop = Self(rawValue: 1)
    /// The return value of fib_validate_source.
    package static let verdict = Self(rawValue: 2)
}

/// What the kernel counts drops by; the exact totals are kept per key, beside the ring.
package struct DropKey: Hashable, Sendable {
    /// Never reused; on kernels before 5.12 the address of the namespace's structure.
    package var namespaceCookie: UInt64
    package var namespaceInode: UInt32
    /// Ingress interface; 0 for reasons that are only counted, `overflowInterface` when the map was full.
    package var interfaceIndex: UInt32
    /// The kernel's number for the drop reason; 0 when there is none. Numbers move between kernels.
    package var reason: UInt32
    package var outcome: DropOutcome
    /// Set for multicast, broadcast and ARP; nil for unicast, which the drop hook cannot tell apart.
    package var path: PacketPath?
    package var interfaceHasAddress: Bool
    /// Dropped by netfilter on a bridge, while it was still a frame of one of its ports: no counter of IP's counts it.
    package var isInBridge: Bool
    /// An IPv6 packet: only ever with outcome `netfilter`, as the kernel itself checks IPv4 only.
    package var isIPv6: Bool

    package static let overflowInterface: UInt32 = .max

    package init(
        namespaceCookie: UInt64, namespaceInode: UInt32, interfaceIndex: UInt32, reason: UInt32,
        outcome: DropOutcome, path: PacketPath?, interfaceHasAddress: Bool, isInBridge: Bool = false,
        isIPv6: Bool = false
    ) {
        self.namespaceCookie = namespaceCookie
        self.namespaceInode = namespaceInode
        self.interfaceIndex = interfaceIndex
        self.reason = reason
        self.outcome = outcome
        self.path = path
        self.interfaceHasAddress = interfaceHasAddress
        self.isInBridge = isInBridge
        self.isIPv6 = isIPv6
    }
}

/// The sysctls as the kernel read them at the drop.
package struct SysctlsAtDrop: Hashable, Sendable {
    package var rpFilterAll: Int32
    package var rpFilterInterface: Int32
    package var acceptLocalAll: Bool
    package var acceptLocalInterface: Bool
    package var srcValidMarkAll: Bool
    package var srcValidMarkInterface: Bool

    package init(
        rpFilterAll: Int32, rpFilterInterface: Int32, acceptLocalAll: Bool = false, acceptLocalInterface: Bool = false,
        srcValidMarkAll: Bool = false, srcValidMarkInterface: Bool = false
    ) {
        self.rpFilterAll = rpFilterAll
        self.rpFilterInterface = rpFilterInterface
        self.acceptLocalAll = acceptLocalAll
        self.acceptLocalInterface = acceptLocalInterface
        self.srcValidMarkAll = srcValidMarkAll
        self.srcValidMarkInterface = srcValidMarkInterface
    }

    /// The raw maximum: 1 is strict, any other value but 0 is loose.
    package var effective: Int32 { max(rpFilterAll, rpFilterInterface) }
    package var acceptLocal: Bool { acceptLocalAll || acceptLocalInterface }
    package var srcValidMark: Bool { srcValidMarkAll || srcValidMarkInterface }
}

/// One refused packet, as the kernel's hooks recorded it: facts, no judgement.
package struct DropEvent: Hashable, Sendable {
    package var key: DropKey
    package var hooks: DropHooks
    /// Nanoseconds of CLOCK_MONOTONIC.
    package var time: UInt64
    package var packet: Packet
    package var interfaceName: InterfaceName
    /// rtnl_link_ops kind of the ingress device, nil for hardware.
    package var interfaceKind: String?
    /// The VRF (l3mdev) master of the ingress device.
    package var vrf: UInt32?
    /// Nil when the kernel gave no in_device (the interface lost IPv4 meanwhile).
    package var sysctls: SysctlsAtDrop?
    /// From the verdict hook (`oif` argument) or the address class; nil: unicast, input or forward not told.
    package var path: PacketPath?
    /// The outgoing interface the forwarding decision had chosen, when the verdict hook saw it.
    package var outputInterface: UInt32?
    /// Name of the reason without the `SKB_DROP_REASON_` prefix, from the running kernel's BTF; nil when there are no reasons.
    package var reasonName: String?
    /// The address the skb was freed from; 0 when only the verdict hook saw it.
    package var location: UInt64
    /// The symbol of `location`, when kallsyms could be read.
    package var locationSymbol: String?
    /// The packet's conntrack entry has destination NAT (IPS_DST_NAT).
    package var hasDestinationNAT: Bool
    package var hasCustomRules: Bool?
    package var hasCustomLocalRoutes: Bool?
    /// The ingress interface, also where the key has none because its reason is only counted.
    package var interfaceIndex: UInt32

    package init(
        key: DropKey, hooks: DropHooks = .drop, time: UInt64 = 0, packet: Packet, interfaceName: InterfaceName,
        interfaceKind: String? = nil, vrf: UInt32? = nil, sysctls: SysctlsAtDrop? = nil, path: PacketPath? = nil,
        outputInterface: UInt32? = nil, reasonName: String? = nil, location: UInt64 = 0,
        locationSymbol: String? = nil, hasDestinationNAT: Bool = false, hasCustomRules: Bool? = nil,
        hasCustomLocalRoutes: Bool? = nil, interfaceIndex: UInt32? = nil
    ) {
        self.key = key
        self.hooks = hooks
        self.time = time
        self.packet = packet
        self.interfaceName = interfaceName
        self.interfaceKind = interfaceKind
        self.vrf = vrf
        self.sysctls = sysctls
        self.path = path
        self.outputInterface = outputInterface
        self.reasonName = reasonName
        self.location = location
        self.locationSymbol = locationSymbol
        self.hasDestinationNAT = hasDestinationNAT
        self.hasCustomRules = hasCustomRules
        self.hasCustomLocalRoutes = hasCustomLocalRoutes
        self.interfaceIndex = interfaceIndex ?? key.interfaceIndex
    }
}
