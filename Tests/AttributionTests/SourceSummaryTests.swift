// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Testing

private let event = lab().drop()
private let judgement = lab().judge()

/// What a finding says about the sources of its drops.
private func summary(_ sources: some Sequence<IPv4Address>) -> [Finding.Source] {
    var table = FindingTable()
    var event = event
    for source in sources {
        event.packet.source = source
        _ = table.record(event, attribution: judgement, namespace: NamespaceIdentity(inode: 1))
    }
    return table.findings.first?.sources ?? []
}

private func source(_ text: String, _ drops: UInt64) -> Finding.Source {
    Finding.Source(prefix: prefix(text), drops: drops)
}

private func hosts(_ base: String, _ count: UInt32) -> [IPv4Address] {
    (0..<count).map { IPv4Address(rawValue: address(base).rawValue + $0) }
}

@Suite struct SourceSummaryTests {
    @Test func fewSourcesAreListedTheHeaviestFirst() {
        let sources = hosts("203.0.113.7", 1) + Array(repeating: address("198.51.100.9"), count: 5)
        #expect(summary(sources) == [source("198.51.100.9", 5), source("203.0.113.7", 1)])
    }

    @Test func eightOfOneBlockAreTheBlock() {
        #expect(summary(hosts("203.0.113.0", 7)).count == 7)
        #expect(summary(hosts("203.0.113.0", 8)) == [source("203.0.113.0/24", 8)])
        #expect(
            summary(hosts("203.0.113.0", 9) + hosts("192.0.2.9", 1)) == [
                source("203.0.113.0/24", 9), source("192.0.2.9", 1),
            ])
    }

    @Test func oneThatOutweighsItsBlockStaysApart() {
        let sources = hosts("203.0.113.0", 20) + Array(repeating: address("203.0.113.77"), count: 500)
        #expect(summary(sources) == [source("203.0.113.77", 500), source("203.0.113.0/24", 20)])
    }

    @Test func manyBlocksOfOneNetworkAreTheNetwork() {
        let sources = (0..<100).map { IPv4Address(rawValue: address("198.51.0.1").rawValue + $0 << 8) }
        #expect(summary(sources) == [source("198.51.0.0/16", 100)])
    }

    @Test func whatDoesNotFitIsOnePrefixThatCoversIt() {
        let scattered = (1...30).map { IPv4Address(rawValue: UInt32($0) << 24 | 5) }
        let listed = summary(scattered + Array(repeating: address("9.0.0.5"), count: 10))
        #expect(listed.count == 10)
        #expect(listed.reduce(0) { $0 + $1.drops } == 40)
        #expect(listed.contains(source("9.0.0.5", 11)))
        #expect(listed.first == source("0.0.0.0/3", 21))
    }

    @Test func sourcesOfIPv6AreSummedUpByTheirNetworks() {
        var table = FindingTable()
        var event = event
        event.key.outcome = .netfilter
        event.key.isIPv6 = true
        func record(_ text: String, _ hosts: ClosedRange<UInt64>) {
            guard let first = IPv6Address(text) else { return }
            for host in hosts {
                event.packet.ipv6 = Packet.IPv6Addresses(
                    source: IPv6Address(high: first.high, low: first.low + host), destination: first)
                _ = table.record(event, attribution: judgement, namespace: NamespaceIdentity(inode: 1))
            }
        }
        record("2001:db8:7::", 1...20)
        record("2001:db8:8::", 1...2)
        let finding = table.findings.first
        #expect(table.findings.count == 1 && finding?.isIPv6 == true)
        #expect(
            finding?.sources.map { "\($0.prefix) \($0.drops)" }
                == ["2001:db8:7::/64 20", "2001:db8:8::1 1", "2001:db8:8::2 1"])
        // The same problem of IPv4 is another finding.
        event.packet.ipv6 = nil
        event.key.isIPv6 = false
        _ = table.record(event, attribution: judgement, namespace: NamespaceIdentity(inode: 1))
        #expect(table.findings.count == 2 && Set(table.findings.map(\.id)).count == 2)
    }

    @Test func amongRandomSourcesTheHeavyOneIsFoundInBoundedSpace() {
        var random = SeededGenerator(state: 1)
        let heavy = address("198.51.100.9")
        let drops: UInt64 = 200_000
        let listed = summary(
            (0..<drops).lazy.map {
                $0 % 10 == 0 ? heavy : IPv4Address(rawValue: UInt32.random(in: 0...UInt32.max, using: &random))
            })
        #expect(listed.reduce(0) { $0 + $1.drops } == drops)
        #expect(listed.count == 2)
        #expect(listed.first?.prefix == .v4(.any))
        #expect(listed.last?.prefix == .v4(prefix("198.51.100.9")))
        #expect((drops / 100 * 99 / 10...drops / 10).contains(listed.last?.drops ?? 0))
    }
}
