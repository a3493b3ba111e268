// SPDX-License-Identifier: Apache-2.0
package import Packets

/// A packet about which the kernel and the model are asked.
package struct Question: Hashable, Sendable {
    /// How the kernel is asked.
    package enum Way: String, Hashable, Sendable, CaseIterable {
        /// RTM_GETROUTE with an input interface.
        case route
        /// The packet itself, sent by the interface's peer.
        case wire
        /// An ARP request of the packet's source for its destination.
        case arp
    }

    package var packet: Packet
    package var interface: String
    package var way: Way

    /// Whether RTM_GETROUTE can be asked about it: it knows no fragments and three protocols.
    var canBeAskedByRoute: Bool {
        packet.fragmentOffset == 0 && !packet.moreFragments && [.udp, .tcp, .icmp].contains(packet.transport)
    }

    /// The same as a command or in words, for a person.
    package var text: String {
        switch way {
        case .route:
            var words = "ip -n agree route get \(packet.destination) from \(packet.source) iif \(interface)"
            if packet.mark != 0 { words += " mark \(packet.mark)" }
            if packet.tos & 0xFC != 0 { words += " tos 0x\(hexByte(packet.tos & 0xFC))" }
            return words
                + " ipproto \(packet.transport.rawValue) sport \(packet.sourcePort ?? 0)"
                + " dport \(packet.destinationPort ?? 0)"
        case .wire:
            var words = "a packet from \(packet.source) to \(packet.destination) by \(interface),"
            words += " protocol \(packet.transport.rawValue)"
            if let source = packet.sourcePort, let destination = packet.destinationPort {
                words += " port \(source) to \(destination)"
            }
            words += ", tos 0x\(hexByte(packet.tos)), mark \(packet.mark)"
            if packet.fragmentOffset != 0 || packet.moreFragments {
                words += ", fragment at \(packet.fragmentOffset)\(packet.moreFragments ? " of more" : "")"
            }
            return words
        case .arp: return "an ARP request of \(packet.source) for \(packet.destination) by \(interface)"
        }
    }
}
