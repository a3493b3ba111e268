// SPDX-License-Identifier: Apache-2.0
import Drops
import Packets
import Testing

/// Records as a little-endian CPU writes them.
@Suite struct RecordTests {
    private static let key = octets(
        """
        0d f0 ad ba 00 00 00 00  # netns_cookie 0xbaadf00d
        b8 01 00 f0              # netns_inode 4026532280
        07 00 00 00              # ifindex 7
        10 00 00 00              # reason 16
        01 00 01 01              # outcome RPFILTER, path UNKNOWN, has_ipv4, traits: in a bridge
        """)

    private static let record =
        octets("01 00 00 00  07 00 00 00") + key  // abi 1, ifindex 7
        + octets(
            """
            15 cd 5b 07 00 00 00 00  # time_ns 123456789
            21 43 65 81 ff ff ff ff  # location 0xffffffff81654321
            cb 00 71 05              # source 203.0.113.5
            c0 00 02 01              # destination 192.0.2.1
            6c ca 00 00              # mark 0xca6c
            28 00 00 00              # length 40
            09 00 00 00              # vrf_ifindex 9
            03 00 00 00              # out_ifindex 3
            f0 ff ff ff              # verdict -16
            02 00 00 00              # rp_filter_all 2
            ff ff ff ff              # rp_filter_iface -1
            9c 41                    # source_port 40001
            00 50                    # destination_port 80
            12 34                    # identification 0x1234
            20 03                    # fragment: more fragments, offset 24
            05 00                    # gso_segments 5
            ff 00                    # facts: all of them
            06                       # protocol TCP
            12                       # tos
            3f                       # ttl 63
            03                       # hooks: drop and verdict
            02                       # path FORWARD
            06                       # sysctls: accept_local of the interface, src_valid_mark of all
            02 00 00 00 00 a1        # source_mac
            02 00 00 00 00 a0        # destination_mac
            00 00 00 00 00 00        # reserved
            """) + field("eth0.100", size: 16) + field("vlan", size: 16)

    private func decode(_ bytes: [UInt8]) -> DropEvent? { unsafe DropEvent(record: bytes.span.bytes) }
    private func decodeKey(_ bytes: [UInt8]) -> DropKey? { unsafe DropKey(record: bytes.span.bytes) }
    private func decodeCounters(_ bytes: [UInt8]) -> DropCounters? { unsafe DropCounters(record: bytes.span.bytes) }

    @Test func everyFieldIsReadFromItsPlace() throws {
        let event = try #require(decode(Self.record))
        #expect(
            event
                == DropEvent(
                    key: DropKey(
                        namespaceCookie: 0xbaad_f00d, namespaceInode: 4_026_532_280, interfaceIndex: 7, reason: 16,
                        outcome: .reversePathFilter, path: nil, interfaceHasAddress: true, isInBridge: true),
                    hooks: [.drop, .verdict],
                    time: 123_456_789,
                    packet: Packet(
                        source: IPv4Address(rawValue: 0xCB00_7105), destination: IPv4Address(rawValue: 0xC000_0201),
                        transport: .tcp, sourcePort: 40_001, destinationPort: 80, tos: 0x12, timeToLive: 63,
                        identification: 0x1234, fragmentOffset: 24, moreFragments: true, mark: 0xca6c, length: 40,
                        gsoSegments: 5, sourceMAC: MACAddress(rawValue: 0x0200_0000_00a1),
                        destinationMAC: MACAddress(rawValue: 0x0200_0000_00a0)),
                    interfaceName: "eth0.100",
                    interfaceKind: "vlan",
                    vrf: 9,
                    sysctls: SysctlsAtDrop(
                        rpFilterAll: 2, rpFilterInterface: -1, acceptLocalInterface: true, srcValidMarkAll: true),
                    path: .forward,
                    outputInterface: 3,
                    location: 0xffff_ffff_8165_4321,
                    hasDestinationNAT: true,
                    hasCustomRules: true,
                    hasCustomLocalRoutes: true,
                    interfaceIndex: 7))
    }

    @Test func whatTheKernelDidNotKnowIsNil() throws {
        var bytes = Self.record
        bytes.replaceSubrange(Offset.facts..<Offset.facts + 2, with: [0, 0])
        bytes.replaceSubrange(Offset.vrf..<Offset.vrf + 8, with: [0, 0, 0, 0, 0, 0, 0, 0])
        bytes.replaceSubrange(Offset.kind..<Offset.kind + 16, with: [UInt8](repeating: 0, count: 16))
        bytes[Offset.path] = 0
        let event = try #require(decode(bytes))
        #expect(event.packet.sourcePort == nil && event.packet.destinationPort == nil)
        #expect(event.packet.sourceMAC == nil && event.packet.destinationMAC == nil)
        #expect(event.sysctls == nil)
        #expect(event.hasDestinationNAT == false)
        #expect(event.hasCustomRules == nil && event.hasCustomLocalRoutes == nil)
        #expect(event.vrf == nil && event.outputInterface == nil)
        #expect(event.interfaceKind == nil)
        #expect(event.path == nil)
        #expect(event.reasonName == nil && event.locationSymbol == nil)
    }

    @Test func anIPv6RecordHasItsAddressesBehindTheRest() throws {
        var bytes = Self.record
        bytes[Offset.traits] = 0x02
        bytes += octets(
            """
            20 01 0d b8 00 07 00 00 00 00 00 00 00 00 00 01  # source 2001:db8:7::1
            20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 09  # destination 2001:db8::9
            """)
        let event = try #require(decode(bytes))
        #expect(event.key.isIPv6 && !event.key.isInBridge)
        #expect(event.packet.sourceAddress == IPAddress("2001:db8:7::1"))
        #expect(event.packet.destinationAddress == IPAddress("2001:db8::9"))
        #expect(event.packet.sourcePort == 40_001)
        #expect(try #require(decode(Self.record)).packet.ipv6 == nil)
    }

    @Test func aKnownFlagThatIsNotSetIsFalse() throws {
        var bytes = Self.record
        bytes[Offset.facts] = 0x50  // RULES_KNOWN, LOCAL_ROUTES_KNOWN
        let event = try #require(decode(bytes))
        #expect(event.hasCustomRules == false)
        #expect(event.hasCustomLocalRoutes == false)
    }

    @Test(
        arguments: [PacketPath?.none, .input, .forward, .multicast, .broadcast, .arp].enumerated().map {
            (UInt8($0.offset), $0.element)
        })
    func everyPathHasItsNumber(number: UInt8, path: PacketPath?) throws {
        var bytes = Self.record
        bytes[Offset.path] = number
        bytes[Offset.keyPath] = number
        let event = try #require(decode(bytes))
        #expect(event.path == path)
        #expect(event.key.path == path)
    }

    @Test func everyOutcomeHasItsNumber() throws {
        for outcome in DropOutcome.allCases {
            var bytes = Self.record
            bytes[Offset.outcome] = outcome.rawValue
            #expect(try #require(decode(bytes)).key.outcome == outcome)
        }
    }

    @Test func anInterfaceNameMayHoldAnyOctets() throws {
        var bytes = Self.record
        let name: [UInt8] = [0x1B, 0x5B, 0x33, 0x31, 0x6D, 0xFF, 0xC3]
        bytes.replaceSubrange(Offset.name..<Offset.name + 7, with: name)
        bytes.replaceSubrange(Offset.name + 7..<Offset.name + 16, with: [UInt8](repeating: 0, count: 9))
        let event = try #require(decode(bytes))
        #expect(event.interfaceName.bytes == name)
        // A name of the full size has no zero at its end.
        bytes.replaceSubrange(Offset.name..<Offset.name + 16, with: [UInt8](repeating: 0x61, count: 16))
        #expect(try #require(decode(bytes)).interfaceName.bytes.count == 16)
    }

    @Test func anotherSizeIsNoRecord() {
        for size in 0...Self.record.count + 8 where size != Self.record.count {
            let bytes = Array((Self.record + [UInt8](repeating: 0, count: 8)).prefix(size))
            #expect(decode(bytes) == nil, "\(size) octets")
        }
    }

    @Test func valuesThatTheLayoutDoesNotHaveAreNoRecord() {
        for (offset, value) in [(0, 2), (Offset.outcome, 7), (Offset.keyPath, 6), (Offset.path, 6)] {
            var bytes = Self.record
            bytes[offset] = UInt8(value)
            #expect(decode(bytes) == nil, "octet \(offset)")
        }
    }

    @Test func anyOctetsAreDecodedOrRefused() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var bytes = Self.record
            for index in bytes.indices where Bool.random(using: &random) {
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            if let event = decode(bytes) {
                #expect(event.packet.fragmentOffset.isMultiple(of: 8))
                #expect(event.interfaceName.bytes.count <= 16)
            }
        }
    }

    @Test func aKeyIsReadFromTheCounterMap() throws {
        let key = try #require(decodeKey(Self.key))
        #expect(key.namespaceCookie == 0xbaad_f00d)
        #expect(key.interfaceIndex == 7)
        #expect(key.outcome == .reversePathFilter)
        #expect(decodeKey(Self.key.dropLast()) == nil)
    }

    @Test func aCounterSumsUpWhatBecameOfItsDrops() throws {
        let bytes =
            octets(
                """
                01 00 00 00 00 00 00 00  # emitted 1
                02 00 00 00 00 00 00 00  # suppressed 2
                03 00 00 00 00 00 00 00  # lost_ring 3
                00 01 00 00 00 00 00 00  # filtered 256
                0a 00 00 00 00 00 00 00  # first_ns 10
                14 00 00 00 00 00 00 00  # last_ns 20
                05 00 00 00 00 00 00 00  # window
                06 00 00 00              # window_used
                07 00 00 00              # ifindex
                """) + field("eth0", size: 16)
        let counters = try #require(decodeCounters(bytes))
        #expect(
            counters
                == DropCounters(
                    drops: 262, emitted: 1, suppressed: 2, lostRing: 3, filtered: 256, firstTime: 10, lastTime: 20,
                    interfaceName: "eth0"))
        #expect(decodeCounters(Array(bytes.dropFirst())) == nil)
    }

    /// Where fields of struct rpfw_event stand, counted by hand from bpf/event.h.
    private enum Offset {
        static let keyPath = 29
        static let outcome = 28
        static let traits = 31
        static let vrf = 64
        static let facts = 94
        static let path = 100
        static let name = 120
        static let kind = 136
    }
}
