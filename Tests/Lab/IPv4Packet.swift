// SPDX-License-Identifier: Apache-2.0

/// An IPv4 packet with any header fields, and checksums that are right for them.
///
/// The lab writes addresses as text, so that a scenario shows what is on the wire; it parses them itself and shares no
/// code with the program under test.
package struct IPv4Packet: Sendable {
    package var source: UInt32
    package var destination: UInt32
    package var `protocol`: UInt8
    package var tos: UInt8 = 0
    package var timeToLive: UInt8 = 64
    package var identification: UInt16 = 0x1234
    /// In octets; a multiple of 8.
    package var fragmentOffset: UInt16 = 0
    package var moreFragments = false
    package var payload: [UInt8]

    /// A UDP datagram.
    package static func udp(
        from source: String, to destination: String, sourcePort: UInt16 = 40_000, port: UInt16 = 9,
        payload: [UInt8] = Array("rp_filter".utf8)
    ) -> Self {
        var packet = Self(source: source, destination: destination, protocol: 17)
        let length = UInt16(8 + payload.count)
        packet.payload = bytes(sourcePort) + bytes(port) + bytes(length) + [0, 0] + payload
        packet.setChecksum(at: 6)
        return packet
    }

    /// A TCP segment that asks for a connection.
    package static func tcpSyn(
        from source: String, to destination: String, sourcePort: UInt16 = 40_000, port: UInt16 = 80
    ) -> Self {
        var packet = Self(source: source, destination: destination, protocol: 6)
        packet.payload =
            bytes(sourcePort) + bytes(port) + [0, 0, 0, 1, 0, 0, 0, 0] + [0x50, 0x02] + bytes(UInt16(64_240))
            + [0, 0, 0, 0]
        packet.setChecksum(at: 16)
        return packet
    }

    /// An ICMP echo request.
    package static func ping(from source: String, to destination: String, sequence: UInt16 = 1) -> Self {
        var packet = Self(source: source, destination: destination, protocol: 1)
        packet.payload = [8, 0, 0, 0, 0x12, 0x34] + bytes(sequence) + Array("rp_filter".utf8)
        packet.setChecksum(at: 2, pseudoHeader: false)
        return packet
    }

    /// An IGMPv2 report that says a host joined `group`.
    package static func igmpReport(from source: String, group: String) -> Self {
        var packet = Self(source: source, destination: group, protocol: 2)
        packet.timeToLive = 1
        packet.payload = [0x16, 0, 0, 0] + Self.bytes(packet.destination)
        packet.setChecksum(at: 2, pseudoHeader: false)
        return packet
    }

    /// A whole packet inside a VXLAN segment, to the Ethernet address `host`.
    package static func vxlan(
        _ inner: Self, network: UInt32, to host: [UInt8], from source: String, to destination: String
    ) -> Self {
        let header = [0x08, 0, 0, 0] + bytes(network << 8)
        let frame = host + [0x02, 0, 0, 0, 0, 0x99] + [0x08, 0x00] + inner.bytes
        return .udp(from: source, to: destination, port: 4_789, payload: header + frame)
    }

    /// A whole packet inside another one.
    package static func ipip(_ inner: Self, from source: String, to destination: String) -> Self {
        var packet = Self(source: source, destination: destination, protocol: 4)
        packet.payload = inner.bytes
        return packet
    }

    /// A whole packet inside GRE, without a key or checksum.
    package static func gre(_ inner: Self, from source: String, to destination: String) -> Self {
        var packet = Self(source: source, destination: destination, protocol: 47)
        packet.payload = [0, 0, 0x08, 0x00] + inner.bytes
        return packet
    }

    package init(source: String, destination: String, protocol: UInt8) {
        self.source = address(source)
        self.destination = address(destination)
        self.protocol = `protocol`
        payload = []
    }

    /// The same datagram in pieces of at most `size` octets of payload, a multiple of 8.
    package func fragments(of size: Int) -> [Self] {
        stride(from: 0, to: payload.count, by: size).map { start in
            var piece = self
            piece.payload = Array(payload[start..<min(start + size, payload.count)])
            piece.fragmentOffset = UInt16(start)
            piece.moreFragments = start + size < payload.count
            return piece
        }
    }

    /// The packet as it goes on the wire, without a link layer header.
    package var bytes: [UInt8] {
        let flags = (fragmentOffset / 8) | (moreFragments ? 0x2000 : 0)
        var header = [0x45, tos] + Self.bytes(UInt16(20 + payload.count)) + Self.bytes(identification)
        header += Self.bytes(flags) + [timeToLive, `protocol`, 0, 0] + Self.bytes(source) + Self.bytes(destination)
        header.replaceSubrange(10..<12, with: Self.bytes(internetChecksum(header)))
        return header + payload
    }

    /// The Ethernet address that a packet to this destination is sent to: that of the group, of everybody, or `host`.
    package func ethernetDestination(host: [UInt8]) -> [UInt8] {
        if destination == .max { return [UInt8](repeating: 0xFF, count: 6) }
        if destination >> 28 == 0xE { return [0x01, 0x00, 0x5E] + Self.bytes(destination & 0x7F_FFFF).dropFirst() }
        return host
    }

    private mutating func setChecksum(at offset: Int, pseudoHeader: Bool = true) {
        var covered = payload
        if pseudoHeader {
            covered = Self.bytes(source) + Self.bytes(destination)
            covered += [0, `protocol`] + Self.bytes(UInt16(payload.count)) + payload
        }
        payload.replaceSubrange(offset..<offset + 2, with: Self.bytes(internetChecksum(covered)))
    }

    /// Octets in the order of the wire.
    static func bytes(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// The checksum of RFC 1071 over octets in which the checksum's own place is zero.
func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
    }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    return ~UInt16(sum)
}

/// A dotted-quad literal as a number. The lab's own sources are its only input, so that a wrong one is a programming error.
func address(_ text: String) -> UInt32 {
    let octets = text.split(separator: ".").compactMap { UInt8($0) }
    precondition(octets.count == 4, "\(text) is not an IPv4 address")
    return octets.reduce(0) { $0 << 8 | UInt32($1) }
}
