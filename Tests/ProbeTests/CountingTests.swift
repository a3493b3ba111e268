// SPDX-License-Identifier: Apache-2.0
import Drops
import FloodGenerator
import Glibc
import Lab
import Packets
import Probe
import Testing

/// Counts that stay exact, whatever has no room for detail.
@Suite(.serialized, .enabled(if: isRoot, "needs root: namespaces and BPF"))
struct CountingTests {
    private static let frame =
        Testbed.ethernetAddress("a0") + Testbed.ethernetAddress("a1") + [0x08, 0x00]
        + IPv4Packet.udp(from: "203.0.113.5", to: "192.0.2.1").bytes

    /// Packets from a different source each, on every CPU at once.
    private static func flood(_ namespace: Namespace, count: Int, randomSourceBits: UInt32 = 0x7F) throws {
        try namespace.enter {
            let generator = try FloodGenerator(interface: "a0", randomSourceBits: randomSourceBits)
            try generator.send(frame, count: count)
        }
    }

    @Test func aSpoofedFloodIsCountedExactlyUnderOneKey() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        try Self.flood(testbed.host, count: 400_000)
        let seen = try watch.finish()

        #expect(seen.kernelCounter == 400_000)
        let keys = seen.counters.filter { $0.key.outcome == .reversePathFilter }
        #expect(keys.count == 1)
        let counters = try #require(keys.first).value
        #expect(counters.drops == 400_000)
        #expect(counters.suppressed > 0)
        #expect(counters.emitted == UInt64(seen.events.count))
        #expect(Set(seen.events.map(\.packet.source)).count > 50, "the sources were not random")
    }

    @Test func whatTheRingCannotTakeIsCounted() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        // Nobody reads meanwhile.
        let watch = try Watch(testbed.host, options: ProbeOptions(detail: .everyDrop))
        try Self.flood(testbed.host, count: 200_000)
        let seen = try watch.finish()

        let counters = try #require(seen.counters.first { $0.key.outcome == .reversePathFilter }).value
        #expect(counters.drops == 200_000)
        #expect(counters.emitted == UInt64(seen.events.count))
        #expect(counters.emitted > 16_000)
        #expect(counters.suppressed + counters.lostRing == 200_000 - counters.emitted)
    }

    @Test func aFloodLeavesRoomForTheRecordsOfOthers() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host, options: ProbeOptions(detail: .everyDrop))
        try Self.flood(testbed.host, count: 200_000)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "255.255.255.255")))
        let seen = try watch.finish()
        #expect(seen.events.filter { $0.path == .broadcast }.count == 3)
    }

    @Test func whatTheFilterKeepsOutIsCountedAsFiltered() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let options = ProbeOptions(
            source: IPv4Prefix("203.0.113.0/29"), destination: IPv4Prefix("192.0.2.1"))
        let watch = try Watch(testbed.host, options: options)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1")))
        try testbed.send(.packets(.udp(from: "203.0.113.9", to: "192.0.2.1"), times: 4))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "198.51.100.1"), times: 5))
        let seen = try watch.finish()

        let counters = try #require(seen.counters.first { $0.key.outcome == .reversePathFilter }).value
        #expect(counters.drops == 12)
        #expect(counters.filtered == 9)
        #expect(seen.events.count == 3)
        #expect(seen.kernelCounter == 12)
    }

    @Test func otherNamespacesAreNotEvenCounted() throws {
        let watched = try Testbed()
        let other = try Testbed()
        try other.apply([.rpFilter("a0", 1)])
        let watch = try Watch(watched.host)
        try other.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1")))
        let seen = try watch.finish()
        #expect(seen.all.keys.allSatisfy { $0.namespaceInode == UInt32(watched.host.inode) })
        #expect(seen.drops(.reversePathFilter) == 0)
    }

    @Test func dropsThatFindTheMapFullAreCountedByOutcome() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host, options: ProbeOptions(keyLimit: 1))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 2))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "255.255.255.255"), times: 3))
        let seen = try watch.finish()

        let overflow = try #require(
            seen.all.first {
                $0.key.interfaceIndex == DropKey.overflowInterface && $0.key.outcome == .reversePathFilter
            })
        #expect(overflow.value.drops == 3)
        #expect(seen.drops(.reversePathFilter) == 2)
        // Their records still say what they are.
        #expect(seen.events.filter { $0.path == .broadcast }.count == 3)
    }

    @Test func aNamespaceIsFoldedWithItsLastCounts() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1")))
        let key = try #require(try watch.counters().keys.first { $0.outcome == .reversePathFilter })

        #expect(try watch.fold([key.namespaceCookie &+ 1]).isEmpty)
        #expect(try watch.fold([key.namespaceCookie])[key]?.drops == 3)
        #expect(try watch.counters()[key] == nil)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 2))
        #expect(try watch.finish().counters[key]?.drops == 2)
    }

    @Test func countingStopsWhenDetachedAndGoesOnWhenAttachedAgain() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        let packets = Traffic.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"))
        try testbed.send(packets)
        watch.detach()
        try testbed.send(packets)
        #expect(try watch.counts() == Watch.Counts(ours: 3, kernel: 6))
        try watch.attach()
        try testbed.send(packets)
        #expect(try watch.counts() == Watch.Counts(ours: 6, kernel: 9))
    }

    @Test func aLoneDropIsAnnouncedAtOnce() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        #expect(watch.isReadable(within: 0) == false)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 1))
        #expect(watch.isReadable(within: 1_000))
    }
}
