// SPDX-License-Identifier: Apache-2.0

/// The header fields of one received packet that routing and filtering look at, as the kernel's check saw them: after
/// destination NAT and after PREROUTING set the mark.
package struct Packet: Hashable, Sendable {
    /// The addresses of an IPv6 packet.
    package struct IPv6Addresses: Hashable, Sendable {
        package var source: IPv6Address
        package var destination: IPv6Address

        package init(source: IPv6Address, destination: IPv6Address) {
            self.source = source
            self.destination = destination
        }
    }

    /// 0.0.0.0 for IPv6.
    package var source: IPv4Address
    package var destination: IPv4Address
    /// Nil for IPv4. Only packet filters check the reverse path of IPv6, so nothing that simulates the kernel's own check
    /// looks at it. Of such a packet `tos` is the traffic class, `timeToLive` the hop limit and `transport` the first
    /// header after the fixed one.
    package var ipv6: IPv6Addresses?
    package var transport: IPProtocol
    /// Nil when the header was not readable: a later fragment, a protocol without ports, not in the linear part of the skb.
    package var sourcePort: UInt16?
    package var destinationPort: UInt16?
    /// The whole second octet of the header: DSCP and ECN.
    package var tos: UInt8
    package var timeToLive: UInt8
    package var identification: UInt16
    /// Offset of this fragment in octets; 0 for the first or only one.
    package var fragmentOffset: UInt16
    package var moreFragments: Bool
    /// The firewall mark (`skb->mark`).
    package var mark: UInt32
    /// Length from the IP header on, in octets (`skb->len`).
    package var length: UInt32
    /// Segments of a GRO aggregate; 0 or 1 for a single packet.
    package var gsoSegments: UInt16
    /// It came through IPsec and the kernel still knows (`include/net/xfrm.h`, secpath_exists): rp_filter passes it over.
    /// A VTI device, and an XFRM interface in another namespace than its underlay, make the kernel forget.
    package var hasSecurityPath: Bool
    package var sourceMAC: MACAddress?
    package var destinationMAC: MACAddress?

    package init(
        source: IPv4Address, destination: IPv4Address, transport: IPProtocol = .udp,
        sourcePort: UInt16? = nil, destinationPort: UInt16? = nil, tos: UInt8 = 0, timeToLive: UInt8 = 64,
        identification: UInt16 = 0, fragmentOffset: UInt16 = 0, moreFragments: Bool = false, mark: UInt32 = 0,
        length: UInt32 = 0, gsoSegments: UInt16 = 0, hasSecurityPath: Bool = false, sourceMAC: MACAddress? = nil,
        destinationMAC: MACAddress? = nil, ipv6: IPv6Addresses? = nil
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.tos = tos
        self.timeToLive = timeToLive
        self.identification = identification
        self.fragmentOffset = fragmentOffset
        self.moreFragments = moreFragments
        self.mark = mark
        self.length = length
        self.gsoSegments = gsoSegments
        self.hasSecurityPath = hasSecurityPath
        self.sourceMAC = sourceMAC
        self.destinationMAC = destinationMAC
        self.ipv6 = ipv6
    }
}

extension Packet {
    package var isIPv6: Bool { ipv6 != nil }

    /// Source and destination, whichever version they are of.
    package var sourceAddress: IPAddress { ipv6.map { .v6($0.source) } ?? .v4(source) }
    package var destinationAddress: IPAddress { ipv6.map { .v6($0.destination) } ?? .v4(destination) }
}
