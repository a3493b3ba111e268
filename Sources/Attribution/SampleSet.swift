// SPDX-License-Identifier: Apache-2.0
import Drops
import Packets

/// The first drops of a finding that differ in what routing looks at, with how many looked the same.
struct SampleSet: Sendable {
    static let capacity = 64

    private struct Key: Hashable {
        var source: IPv4Address
        var destination: IPv4Address
        var ipv6: Packet.IPv6Addresses?
        var mark: UInt32
        /// The DSCP; routing does not look at ECN.
        var tos: UInt8
        var interface: UInt32
        var path: PacketPath?
        var outputInterface: UInt32?
        var transport: IPProtocol?
        var sourcePort: UInt16?
        var destinationPort: UInt16?
    }

    private var slots: [Key: Int] = [:]
    private(set) var samples: [Finding.Sample] = []

    /// `distinguishesPorts`: rules select on protocol or ports.
    mutating func record(_ drop: DropEvent, distinguishesPorts: Bool) {
        let packet = drop.packet
        var key = Key(
            source: packet.source, destination: packet.destination, ipv6: packet.ipv6, mark: packet.mark,
            tos: packet.tos & 0xFC,
            interface: drop.key.interfaceIndex, path: drop.path ?? drop.key.path, outputInterface: drop.outputInterface)
        if distinguishesPorts {
            key.transport = packet.transport
            key.sourcePort = packet.sourcePort
            key.destinationPort = packet.destinationPort
        }
        if let slot = slots[key] {
            samples[slot].count += 1
        } else if samples.count < Self.capacity {
            slots[key] = samples.count
            samples.append(Finding.Sample(drop: drop, count: 1))
        }
    }
}
