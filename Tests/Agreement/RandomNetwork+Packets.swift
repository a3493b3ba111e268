// SPDX-License-Identifier: Apache-2.0
import ModelLab
import Packets

extension RandomNetwork {
    /// Sources and destinations that no table is asked about, or only in some settings.
    private static let strange = [
        "127.0.0.1", "127.0.0.9", "127.255.255.255", "0.0.0.0", "0.0.0.1", "255.255.255.255", "224.0.0.1", "224.0.1.1",
        "240.0.0.1", "10.1.2.3",
    ]

    /// A packet with addresses at the host's boundaries: its own, broadcast ones, edges of prefixes.
    mutating func packet() -> Packet {
        let transports: [IPProtocol] = [.udp, .udp, .udp, .udp, .tcp, .tcp, .tcp, .icmp, .igmp, .gre, .sctp]
        var packet = Packet(source: source(), destination: destination(), transport: random.one(of: transports))
        if packet.transport.hasPorts {
            packet.sourcePort = random.one(of: [9, 10, 40_000, 65_535])
            packet.destinationPort = random.one(of: [9, 10, 39_999, 40_000])
        }
        packet.mark = random.one(of: [0, 0, 1, 2, 0x11])
        packet.tos = random.one(of: [0, 0, 0, 0x10, 0x08, 0xB0, 0x11, 0x03])
        if packet.transport == .udp && random.chance(15) {
            packet.fragmentOffset = random.one(of: [0, 8])
            packet.moreFragments = packet.fragmentOffset == 0 || random.chance(50)
            if packet.fragmentOffset != 0 { (packet.sourcePort, packet.destinationPort) = (nil, nil) }
        }
        return packet
    }

    private mutating func source() -> IPv4Address {
        if random.chance(10) { return address(random.one(of: Self.strange)) }
        if random.chance(25) { return edge() }
        if random.chance(10) && !edges.isEmpty { return random.one(of: edges) }
        return address(random.chance(15) && !own.isEmpty ? random.one(of: own) : random.one(of: pool))
    }

    private mutating func destination() -> IPv4Address {
        if random.chance(5) { return address(random.one(of: Self.strange)) }
        if random.chance(4) { return address(random.one(of: groups)) }
        if random.chance(20) { return edge() }
        return address(random.chance(60) && !own.isEmpty ? random.one(of: own) : random.one(of: pool))
    }

    /// An address just inside or just outside of a prefix.
    private mutating func edge() -> IPv4Address {
        guard !edges.isEmpty else { return address(random.one(of: pool)) }
        let edge = random.one(of: edges).rawValue
        return IPv4Address(rawValue: random.one(of: [edge, edge, edge &+ 1, edge &- 1]))
    }

    private func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? .unspecified }
}
