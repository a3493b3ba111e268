// SPDX-License-Identifier: Apache-2.0
import Attribution

/// What speaks for or against forged sources: facts about the drops whose detail was received, for the reader to judge.
package struct SpoofingEvidence: Hashable, Sendable {
    /// Different source addresses.
    package var sources: UInt64
    /// `sources` and `networks16` are estimates within some percent.
    package var isEstimate: Bool
    /// Different blocks of length 8 and 16 that the sources lie in.
    package var networks8: UInt64
    package var networks16: UInt64
    package var packets: UInt64
    /// Packets whose source belongs to a network on another interface, or to a block that no router passes on.
    package var suspectPackets: UInt64
    package var timeToLive: ClosedRange<UInt8>?
    /// Different source MAC addresses, counted up to `SourceEvidence.stationLimit`; nil where frames have none.
    package var stations: Int?
    /// How many of the sources were looked for among the host's TCP connections, and were there; nil when they were not
    /// looked for.
    package var lookedUp: Int?
    package var connected: Int?

    package init(
        sources: UInt64, isEstimate: Bool, networks8: UInt64, networks16: UInt64, packets: UInt64,
        suspectPackets: UInt64, timeToLive: ClosedRange<UInt8>?, stations: Int?, lookedUp: Int?, connected: Int?
    ) {
        self.sources = sources
        self.isEstimate = isEstimate
        self.networks8 = networks8
        self.networks16 = networks16
        self.packets = packets
        self.suspectPackets = suspectPackets
        self.timeToLive = timeToLive
        self.stations = stations
        self.lookedUp = lookedUp
        self.connected = connected
    }

    init(_ evidence: SourceEvidence, connected: Int?) {
        self.init(
            sources: evidence.sources, isEstimate: evidence.isEstimate, networks8: evidence.blocksOf8,
            networks16: evidence.blocksOf16, packets: evidence.packets, suspectPackets: evidence.suspectPackets,
            timeToLive: evidence.timeToLive, stations: evidence.stations,
            lookedUp: connected.map { _ in evidence.addresses.count }, connected: connected)
    }

    /// Worth telling to a person.
    var isTelling: Bool { SourceEvidence.isTelling(sources: sources, suspectPackets: suspectPackets) }

    /// Packets for each source, in tenths.
    var tenthsPerSource: UInt64 {
        sources == 0 ? 0 : packets.multipliedReportingOverflow(by: 10).partialValue / sources
    }
}
