// SPDX-License-Identifier: Apache-2.0

/// The header fields of one received IPv4 packet that routing and filtering look at, as the kernel's check saw them:
/// after destination NAT and after PREROUTING set the mark.
package struct Packet: Hashable, Sendable {
    package var source: IPv4Address
    package var destination: IPv4Address
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
        destinationMAC: MACAddress? = nil
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
    }
}
