// SPDX-License-Identifier: Apache-2.0
import Drops
import Lab
import Packets
import Probe
import Testing

/// What the kernel says about refused packets, and which way they were going.
@Suite(.enabled(if: isRoot, "needs root: namespaces and BPF"))
struct OutcomeTests {
    /// Outcome and name of a reason that kernels have since Linux 6.13; before, such drops are other drops.
    private static let sources: [(source: String, outcome: DropOutcome, reason: String)] = [
        ("198.51.100.1", .localSource, "IP_LOCAL_SOURCE"),
        ("224.0.0.9", .invalidSource, "IP_INVALID_SOURCE"),
        ("127.0.0.9", .localnet, "IP_LOCALNET"),
    ]

    @Test(arguments: sources)
    func aRefusedSourceHasItsOwnOutcome(source: String, outcome: DropOutcome, reason: String) throws {
        let testbed = try Testbed()
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: source, to: "192.0.2.1")))
        let seen = try watch.finish()

        #expect(seen.kernelCounter == 0)
        #expect(seen.drops(.reversePathFilter) == 0)
        if watch.hasReason(reason) {
            #expect(seen.drops(outcome) == 3)
            #expect(seen.events(outcome).map(\.reasonName) == [reason, reason, reason])
        } else {
            #expect(seen.drops(.other) == 3)
        }
    }

    @Test func aNetfilterDropIsOneOnlyOnTheWayIn() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .nft(
                """
                table ip t {
                    chain in { type filter hook prerouting priority raw; ip saddr 192.0.2.2 udp dport 9 drop; }
                    chain out { type filter hook output priority filter; icmp type echo-reply drop; }
                    chain post { type filter hook postrouting priority filter; oif b0 drop; }
                }
                """), .forwarding,
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "192.0.2.1")))
        try testbed.send(.packets(.ping(from: "192.0.2.2", to: "192.0.2.1"), times: 2))
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "198.51.100.2", port: 10), times: 4))
        let seen = try watch.finish()

        #expect(seen.drops(.netfilter) == 3)
        let event = try #require(seen.events(.netfilter).first)
        #expect(event.interfaceName == "a0")
        #expect(event.reasonName == "NETFILTER_DROP")
        #expect(event.packet.destinationPort == 9)
    }

    /// A testbed whose host has an IPv6 address on a0 and drops UDP of both versions.
    private func filteredTestbed() throws -> Testbed {
        let testbed = try Testbed()
        try testbed.apply([
            .shell("echo 0 > /proc/sys/net/ipv6/conf/a0/disable_ipv6"), .ip("address add 2001:db8::1/64 dev a0 nodad"),
            .nft("table inet t { chain in { type filter hook prerouting priority raw; udp dport 9 drop; }; }"),
        ])
        return testbed
    }

    private func send(_ testbed: Testbed, to destination: String = "2001:db8::1", times: Int) throws {
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        try sender.send(
            IPv6Datagram(from: "2001:db8:7::1", to: destination), times: times, to: Testbed.ethernetAddress("a0"))
    }

    @Test func anIPv6PacketThatNetfilterDropsHasARecordOfItsOwn() throws {
        let testbed = try filteredTestbed()
        let watch = try Watch(testbed.host)
        try send(testbed, times: 3)
        try send(testbed, to: "ff02::1", times: 1)
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "192.0.2.1"), times: 2))
        let seen = try watch.finish()
        guard watch.hasReason("NETFILTER_DROP") else {
            #expect(seen.events.isEmpty)
            return
        }
        let events = seen.events(.netfilter).filter(\.packet.isIPv6)
        #expect(events.count == 4)
        #expect(seen.events(.netfilter).count == 6)
        let event = try #require(events.first)
        #expect(event.packet.sourceAddress == IPAddress("2001:db8:7::1"))
        #expect(event.packet.destinationAddress == IPAddress("2001:db8::1"))
        #expect(event.packet.sourcePort == 40_000 && event.packet.destinationPort == 9)
        #expect(event.packet.transport == .udp && event.packet.timeToLive == 64 && event.packet.length == 57)
        #expect(event.packet.sourceMAC == MACAddress(rawValue: 0x0200_0000_00a1))
        #expect(event.interfaceName == "a0" && event.reasonName == "NETFILTER_DROP" && event.interfaceKind == "veth")
        #expect(event.sysctls == nil && event.path == nil && !event.key.isInBridge)
        #expect(events.last?.path == .multicast)
        // Counted apart from those of IPv4.
        let counted = seen.counters.filter { $0.key.outcome == .netfilter && $0.key.isIPv6 }
        #expect(counted.values.reduce(0) { $0 + $1.drops } == 4)
        #expect(seen.drops(.netfilter) == 6 && seen.drops(.reversePathFilter) == 0)
    }

    @Test func noFilterOfIPv4MatchesAnIPv6Packet() throws {
        let testbed = try filteredTestbed()
        // Zero is what an IPv6 packet has for an IPv4 address.
        let watch = try Watch(testbed.host, options: ProbeOptions(source: IPv4Prefix("0.0.0.0/8")))
        try send(testbed, times: 3)
        let seen = try watch.finish()
        #expect(seen.events.isEmpty)
        let filtered = seen.counters.values.reduce(0) { $0 + $1.filtered }
        #expect(filtered == (watch.hasReason("NETFILTER_DROP") ? 3 : 0))
    }

    @Test func multicastAndBroadcastAreCountedApart() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .join("239.1.1.1", on: "a0")])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "239.1.1.1"), times: 1))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "255.255.255.255"), times: 2))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 3))
        let seen = try watch.finish()

        #expect(seen.kernelCounter == 6)
        func drops(_ path: PacketPath?) -> UInt64 {
            seen.counters.reduce(0) {
                $0 + ($1.key.outcome == .reversePathFilter && $1.key.path == path ? $1.value.drops : 0)
            }
        }
        #expect(drops(.multicast) == 1)
        #expect(drops(.broadcast) == 2)
        #expect(drops(nil) == 3)
        #expect(seen.events.map(\.path).filter { $0 != nil && $0 != .input } == [.multicast, .broadcast, .broadcast])
    }

    @Test func anotherReasonIsCountedAndNamed() throws {
        let testbed = try Testbed()
        let watch = try Watch(testbed.host, options: ProbeOptions(recordOther: true))
        // To somebody else's Ethernet address.
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "192.0.2.1")).entering(to: "b1"))
        let seen = try watch.finish()

        let event = try #require(seen.events.first)
        #expect(seen.events.count == 3)
        #expect(event.key.outcome == .other)
        #expect(event.key.interfaceIndex == 0)
        #expect(event.reasonName == "OTHERHOST")
        #expect(event.interfaceName == "a0")
        #expect(event.interfaceIndex != 0)
        #expect(event.packet.source == IPv4Address("192.0.2.2"))
        #expect(seen.counters[event.key]?.drops == 3)
    }

    @Test func anotherReasonHasNoRecordUnlessAskedFor() throws {
        let testbed = try Testbed()
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "192.0.2.2", to: "192.0.2.1")).entering(to: "b1"))
        let seen = try watch.finish()
        #expect(seen.events.isEmpty)
        #expect(seen.drops(.other) == 3)
    }
}
