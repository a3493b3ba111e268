// SPDX-License-Identifier: Apache-2.0

/// A UDP datagram in an IPv6 packet, with a checksum that is right for it.
package struct IPv6Datagram: Sendable {
    package var source: String
    package var destination: String
    package var sourcePort: UInt16 = 40_000
    package var port: UInt16 = 9
    package var payload: [UInt8] = Array("rp_filter".utf8)

    package init(from source: String, to destination: String) {
        self.source = source
        self.destination = destination
    }

    /// The packet as it goes on the wire, without a link layer header.
    package var bytes: [UInt8] {
        let addresses = ipv6Octets(source) + ipv6Octets(destination)
        let length = UInt16(8 + payload.count)
        var datagram = IPv4Packet.bytes(sourcePort) + IPv4Packet.bytes(port) + IPv4Packet.bytes(length) + [0, 0]
        datagram += payload
        let pseudoHeader = addresses + IPv4Packet.bytes(UInt32(length)) + [0, 0, 0, 17]
        datagram.replaceSubrange(6..<8, with: IPv4Packet.bytes(internetChecksum(pseudoHeader + datagram)))
        return [0x60, 0, 0, 0] + IPv4Packet.bytes(length) + [17, 64] + addresses + datagram
    }
}

/// An IPv6 literal in octets: eight groups, or fewer around one `::`. The lab's own sources are its only input, so that a
/// wrong one is a programming error.
private func ipv6Octets(_ text: String) -> [UInt8] {
    let halves = text.split(separator: "::", omittingEmptySubsequences: false).map { half in
        half.split(separator: ":").map { UInt16($0, radix: 16) ?? 0 }
    }
    var groups = halves[0]
    if halves.count == 2 {
        groups += [UInt16](repeating: 0, count: 8 - halves[0].count - halves[1].count) + halves[1]
    }
    precondition(groups.count == 8, "\(text) is not an IPv6 address")
    return groups.flatMap { IPv4Packet.bytes($0) }
}
