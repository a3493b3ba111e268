// SPDX-License-Identifier: Apache-2.0
package import Packets

/// What the drops of a finding tell about whether their sources are forged: facts, no judgement. All of it is of the drops
/// whose detail was received.
package struct SourceEvidence: Hashable, Sendable {
    /// Different source addresses; exact up to 256, else an estimate within some percent.
    package var sources: UInt64
    package var isEstimate: Bool
    /// Different blocks that they lie in, by the length of their prefix.
    package var blocksOf8: UInt64
    package var blocksOf16: UInt64
    package var packets: UInt64
    /// Those whose source belongs to a network on another interface, or to a block that no router passes on.
    package var suspectPackets: UInt64
    /// The least and the largest TTL.
    package var timeToLive: ClosedRange<UInt8>?
    /// Different source MAC addresses, counted up to `stationLimit`; nil where frames have none.
    package var stations: Int?
    /// Addresses to look for connections with: the heaviest, at most 256.
    package var addresses: [IPv4Address]

    package static let stationLimit = 64
    /// From this many sources on it is worth a look whether they are real.
    private static let manySources: UInt64 = 32

    package init(
        sources: UInt64, isEstimate: Bool = false, blocksOf8: UInt64, blocksOf16: UInt64, packets: UInt64,
        suspectPackets: UInt64 = 0, timeToLive: ClosedRange<UInt8>? = nil, stations: Int? = nil,
        addresses: [IPv4Address] = []
    ) {
        self.sources = sources
        self.isEstimate = isEstimate
        self.blocksOf8 = blocksOf8
        self.blocksOf16 = blocksOf16
        self.packets = packets
        self.suspectPackets = suspectPackets
        self.timeToLive = timeToLive
        self.stations = stations
        self.addresses = addresses
    }

    /// Whether it is worth telling to a person.
    package var isTelling: Bool { Self.isTelling(sources: sources, suspectPackets: suspectPackets) }

    package static func isTelling(sources: UInt64, suspectPackets: UInt64) -> Bool {
        suspectPackets > 0 || sources >= manySources
    }
}

/// Collects what is known of a finding's sources while drops come in, in bounded memory.
struct SourceTally: Sendable {
    private var sketch = SourceSketch<IPv4Address>()
    private var ipv6Sketch: SourceSketch<IPv6Address>?
    private var spread = AddressSpread()
    private var suspectPackets: UInt64 = 0
    private var timeToLive: ClosedRange<UInt8>?
    private var stations: Set<MACAddress> = []

    mutating func record(_ packet: Packet, isSuspect: Bool) {
        if let ipv6 = packet.ipv6 {
            ipv6Sketch = ipv6Sketch ?? SourceSketch()
            ipv6Sketch?.record(ipv6.source)
            return
        }
        sketch.record(packet.source)
        spread.record(packet.source)
        if isSuspect { suspectPackets += 1 }
        // An ARP request has none.
        if packet.timeToLive > 0 {
            let known = timeToLive ?? packet.timeToLive...packet.timeToLive
            timeToLive = min(known.lowerBound, packet.timeToLive)...max(known.upperBound, packet.timeToLive)
        }
        if let station = packet.sourceMAC, stations.count < SourceEvidence.stationLimit { stations.insert(station) }
    }

    /// At most `limit`, heaviest first.
    func prefixes(limit: Int) -> [Finding.Source] {
        guard let ipv6Sketch else { return sketch.prefixes(limit: limit) }
        let all = sketch.prefixes(limit: limit) + ipv6Sketch.prefixes(limit: limit)
        return Array(all.sorted { ($1.drops, $0.prefix) < ($0.drops, $1.prefix) }.prefix(limit))
    }

    /// Whether most of the drops have a source that belongs elsewhere.
    var isMostlySuspect: Bool { suspectPackets > sketch.total - suspectPackets }

    /// Nil when no detail was received of an IPv4 packet.
    var evidence: SourceEvidence? {
        guard sketch.total > 0 else { return nil }
        return SourceEvidence(
            sources: spread.addresses, isEstimate: spread.isEstimate, blocksOf8: spread.blocksOf8,
            blocksOf16: spread.blocksOf16, packets: sketch.total, suspectPackets: suspectPackets,
            timeToLive: timeToLive, stations: stations.isEmpty ? nil : stations.count, addresses: sketch.heaviest)
    }
}
