// SPDX-License-Identifier: Apache-2.0

/// What an event says about a packet, and what the packet that was sent says itself.
struct PacketFields: Comparable, CustomStringConvertible {
    /// Source, destination, protocol, source port, destination port; ports of ICMP and of later fragments are null.
    let fields: [JSONValue]

    init(_ event: JSONValue) {
        fields = ["source.ip", "destination.ip", "network.iana_number", "source.port", "destination.port"].map {
            event[$0] ?? "missing"
        }
    }

    init(_ packet: IPv4Packet) {
        let hasPorts = [6, 17].contains(packet.protocol) && packet.fragmentOffset == 0
        func port(at offset: Int) -> JSONValue {
            hasPorts ? .integer(Int(packet.payload[offset]) << 8 | Int(packet.payload[offset + 1])) : .null
        }
        fields = [
            .string(dottedQuad(packet.source)), .string(dottedQuad(packet.destination)),
            .integer(Int(packet.protocol)), port(at: 0), port(at: 2),
        ]
    }

    var description: String { "\(fields)" }

    static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// The text form of an address.
func dottedQuad(_ address: UInt32) -> String {
    stride(from: 24, through: 0, by: -8).map { "\(address >> UInt32($0) & 0xFF)" }.joined(separator: ".")
}
