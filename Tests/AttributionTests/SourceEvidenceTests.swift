// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Testing

private let event = lab().drop()
private let ordinary = lab().judge()

/// What a finding tells about whether the sources of its drops are real.
@Suite struct SourceEvidenceTests {
    private func finding(_ packets: some Sequence<Packet>, suspect: (Packet) -> Bool = { _ in false }) -> Finding? {
        var table = FindingTable()
        var event = event
        var forged = ordinary
        forged.factors.append(.spoofSuspected)
        for packet in packets {
            event.packet = packet
            _ = table.record(
                event, attribution: suspect(packet) ? forged : ordinary, namespace: NamespaceIdentity(inode: 1))
        }
        return table.findings.first
    }

    private func packet(_ source: UInt32, ttl: UInt8 = 64, mac: UInt64? = nil) -> Packet {
        Packet(
            source: IPv4Address(rawValue: source), destination: Lab.local, timeToLive: ttl,
            sourceMAC: mac.map { MACAddress(rawValue: $0) })
    }

    @Test func `few sources are counted exactly`() throws {
        let sources = [address("203.0.113.5"), address("203.0.113.5"), address("198.51.100.7"), address("203.0.200.1")]
        let evidence = try #require(
            finding(sources.enumerated().map { packet($1.rawValue, ttl: UInt8(50 + $0), mac: UInt64($0 / 2)) })?
                .evidence
        )
        #expect(
            evidence
                == SourceEvidence(
                    sources: 3, blocksOf8: 2, blocksOf16: 2, packets: 4, timeToLive: 50...53, stations: 2,
                    addresses: [address("203.0.113.5"), address("198.51.100.7"), address("203.0.200.1")]))
        #expect(!evidence.isTelling)
    }

    @Test(arguments: [257, 1_000, 20_000, 200_000] as [UInt32])
    func `many sources are estimated within some percent, in bounded memory`(count: UInt32) throws {
        // Each in a block of its own as long as there are some: as forged ones are.
        let evidence = try #require(finding((0..<count).lazy.map { packet($0 &* 0x9E37_79B1) })?.evidence)
        #expect(evidence.isEstimate)
        #expect(evidence.packets == UInt64(count))
        #expect(abs(Double(evidence.sources) / Double(count) - 1) < 0.12, "\(evidence.sources)")
        let blocks = Double(Set((0..<count).map { ($0 &* 0x9E37_79B1) >> 16 }).count)
        #expect(abs(Double(evidence.blocksOf16) / blocks - 1) < 0.12, "\(evidence.blocksOf16) of \(blocks)")
        #expect(evidence.blocksOf8 == UInt64(Set((0..<count).map { ($0 &* 0x9E37_79B1) >> 24 }).count))
        #expect(evidence.addresses.count == 256)
        #expect(evidence.isTelling)
    }

    @Test func `senders on the wire are counted up to a limit`() {
        let evidence = finding((0..<200).map { packet(0xCB00_7105, mac: UInt64($0)) })?.evidence
        #expect(evidence?.stations == SourceEvidence.stationLimit)
        #expect(evidence?.sources == 1)
    }

    @Test func `the number of sources alone is no suspicion`() {
        let judged = finding((0..<5_000).map { packet($0 &* 0x9E37_79B1) })
        #expect(judged?.attribution.factors.contains(.spoofSuspected) == false)
        #expect(judged?.evidence?.suspectPackets == 0)
    }

    @Test func `a finding is suspect when most of its drops are, whichever came last`() {
        func judged(_ suspects: Int, of count: Int, lastIsSuspect: Bool) -> Finding? {
            let packets = (0..<count).map { index in
                packet(0xCB00_7100 + UInt32(lastIsSuspect ? count - 1 - index : index))
            }
            return finding(packets) { $0.source.rawValue - 0xCB00_7100 < UInt32(suspects) }
        }
        for isLast in [true, false] {
            #expect(judged(9, of: 10, lastIsSuspect: isLast)?.attribution.factors.contains(.spoofSuspected) == true)
            #expect(judged(1, of: 10, lastIsSuspect: isLast)?.attribution.factors.contains(.spoofSuspected) == false)
            #expect(judged(1, of: 10, lastIsSuspect: isLast)?.evidence?.suspectPackets == 1)
            #expect(judged(1, of: 10, lastIsSuspect: isLast)?.evidence?.isTelling == true)
        }
    }
}
