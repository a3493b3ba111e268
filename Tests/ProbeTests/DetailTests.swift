// SPDX-License-Identifier: Apache-2.0
import Drops
import Lab
import Packets
import Probe
import Testing

/// What a record says about the packet and the moment of its drop.
@Suite(.enabled(if: isRoot, "needs root: namespaces and BPF"))
struct DetailTests {
    @Test func portsAreThoseOfTheFirstFragmentOnly() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        let datagram = IPv4Packet.udp(
            from: "203.0.113.5", to: "192.0.2.1", payload: [UInt8](repeating: 0x61, count: 40))
        try testbed.send(.packets(datagram.fragments(of: 24), times: 1))
        let seen = try watch.finish()

        let packets = seen.events.map(\.packet)
        #expect(packets.map(\.fragmentOffset) == [0, 24])
        #expect(packets.map(\.moreFragments) == [true, false])
        #expect(packets.map(\.sourcePort) == [40_000, nil])
        #expect(packets.map(\.destinationPort) == [9, nil])
        #expect(packets.map(\.length) == [44, 44])
    }

    @Test func aProtocolWithoutPortsHasNone() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        var ping = IPv4Packet.ping(from: "203.0.113.5", to: "192.0.2.1")
        ping.tos = 0xB8
        ping.timeToLive = 3
        try testbed.send(.packets(ping, times: 1))
        let packet = try #require(try watch.finish().events.first).packet

        #expect(packet.transport == .icmp)
        #expect(packet.sourcePort == nil && packet.destinationPort == nil)
        #expect(packet.tos == 0xB8)
        #expect(packet.timeToLive == 3)
    }

    @Test func theMarkIsTheOneThatPreroutingSet() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .rpFilter("a0", 1), .sysctl("conf/all/src_valid_mark", 1), .sysctl("conf/a0/accept_local", 1),
            .nft("table ip t { chain c { type filter hook prerouting priority mangle; meta mark set 0xca6c; }; }"),
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 1))
        let event = try #require(try watch.finish().events.first)

        #expect(event.packet.mark == 0xca6c)
        #expect(
            event.sysctls
                == SysctlsAtDrop(
                    rpFilterAll: 0, rpFilterInterface: 1, acceptLocalInterface: true, srcValidMarkAll: true))
    }

    @Test func destinationNATIsSeenAndTheDestinationIsTheNewOne() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .rpFilter("a0", 1), .forwarding,
            .nft(
                "table ip t { chain c { type nat hook prerouting priority dstnat; udp dport 80 dnat to 198.51.100.2:8080; }; }"
            ),
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1", port: 80), times: 1))
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1", port: 81), times: 1))
        let events = try watch.finish().events

        #expect(events.map(\.hasDestinationNAT) == [true, false])
        #expect(events.first?.packet.destination == IPv4Address("198.51.100.2"))
        #expect(events.first?.packet.destinationPort == 8_080)
    }

    @Test func aPolicyRuleIsRememberedByTheNamespace() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .rpFilter("a0", 1), .ip("rule add fwmark 7 lookup 100"), .ip("rule del fwmark 7 lookup 100"),
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 1))
        #expect(try watch.finish().events.first?.hasCustomRules == true)
    }

    @Test func anInterfaceWithoutAddressIsCountedApart() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 2)])
        let watch = try Watch(testbed.host)
        let packet = Traffic.packets(.udp(from: "203.0.113.200", to: "198.51.100.1"), times: 2)
        try testbed.send(packet)
        try testbed.apply([.ip("address flush dev a0"), .ip("neighbour add 192.0.2.2 lladdr 02:00:00:00:00:a1 dev a0")])
        try testbed.send(packet)
        let seen = try watch.finish()

        #expect(seen.kernelCounter == 4)
        #expect(seen.events.map(\.key.interfaceHasAddress) == [true, true, false, false])
        let byAddress = Dictionary(grouping: seen.counters.filter { $0.key.outcome == .reversePathFilter }) {
            $0.key.interfaceHasAddress
        }
        #expect(byAddress.mapValues { $0.reduce(0) { $0 + $1.value.drops } } == [true: 2, false: 2])
    }

    @Test func aTunnelHasAKindAndNoEthernetAddresses() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .tun("t0"), .ip("address add 10.9.9.1/24 dev t0"), .ip("link set t0 up"), .rpFilter("t0", 1),
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 1).unpacked(by: "t0"))
        let event = try #require(try watch.finish().events.first)

        #expect(event.interfaceName == "t0")
        #expect(event.interfaceKind == "tun")
        #expect(event.packet.sourceMAC == nil)
    }

    @Test func anInterfaceNameIsTakenAsItIs() throws {
        let testbed = try Testbed()
        try testbed.apply([
            .ip("link set a0 down"), .ip("link set a0 name a;b$(c)"), .ip("link set a;b$(c) up"),
            .rpFilter("a;b$(c)", 1),
        ])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1"), times: 1))
        #expect(try watch.finish().events.first?.interfaceName == "a;b$(c)")
    }
}
