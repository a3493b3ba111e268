// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Testing

@testable import Host

/// Messages as a little-endian kernel (6.18) sent them, without the netlink header.
@Suite struct MessageTests {
    static let link = """
        00 00 0100 05000000 43100100 00000000  // ifinfomsg: Ethernet, index 5, up, with carrier
        0800 0300 76726600                      // IFLA_IFNAME vrf
        0800 0a00 09000000                      // IFLA_MASTER 9
        0800 0500 05000000                      // IFLA_LINK itself
        0a00 0100 e2daaab6a3d3 0000             // IFLA_ADDRESS
        0800 1b00 2a000000                      // IFLA_GROUP 42
        1c00 1280                               // IFLA_LINKINFO, nested
          0800 0100 76726600                    //   IFLA_INFO_KIND vrf
          0c00 0200                             //   IFLA_INFO_DATA
            0800 0100 e8030000                  //     IFLA_VRF_TABLE 1000
          0400 6300                             //   an attribute nobody knows
        9000 1a00                               // IFLA_AF_SPEC
          8c00 0200 8800 0100                   //   AF_INET, IFLA_INET_CONF: values by IPV4_DEVCONF number from 1
            01000000 00000000 00000000 01000000 //     forwarding
            01000000 00000000 01000000 02000000 //     send_redirects (6) 0, rp_filter (8) 2
            00000000 01000000 00000000 00000000
            00000000 00000000 00000000 00000000
            00000000 01000000 00000000 00000000 //     arp_announce (18) 1
            00000000 00000000 01000000 00000000 //     accept_local (23)
            00000000 01000000 00000000 00000000 //     route_localnet (26)
            00000000 00000000 00000000 00000000
            00000000
        """

    static let route = """
        02 18 00 00 fe 03 00 01 00000000         // rtmsg: inet /24, main, boot, universe, unicast
        0800 0f00 e8030000                       // RTA_TABLE 1000
        0800 0100 cb007100                       // RTA_DST 203.0.113.0
        0800 0600 0a000000                       // RTA_PRIORITY 10
        2400 0900                                // RTA_MULTIPATH
          1000 00 02 03000000                    //   rtnexthop: weight 3, interface 3
            0800 0500 c0000202                   //     RTA_GATEWAY 192.0.2.2
          1000 15 00 05000000                    //   rtnexthop: dead, onlink, linkdown, weight 1, interface 5
            0800 0b00 05000000                   //     RTA_FLOW
        """

    static let rule = """
        02 19 18 00 fc 00 00 01 02000000         // fib_rule_hdr: to /25, from /24, table compat, lookup, inverted
        0800 0f00 e8030000                       // FRA_TABLE 1000
        0800 0e00 00000000                       // FRA_SUPPRESS_PREFIXLEN 0
        0800 0d00 ffffffff                       // FRA_SUPPRESS_IFGROUP none
        0500 1500 00 000000                      // FRA_PROTOCOL
        0700 0300 613000 00                      // FRA_IIFNAME a0
        0700 1100 62ff00 00                      // FRA_OIFNAME b\\xff
        0800 0600 4d000000                       // FRA_PRIORITY 77
        0800 0a00 10000000                       // FRA_FWMARK
        0800 1000 ff000000                       // FRA_FWMASK
        0c00 1400 00000000 63000000              // FRA_UID_RANGE 0-99
        0500 1600 11 000000                      // FRA_IP_PROTO udp
        0800 1700 e803 d007                      // FRA_SPORT_RANGE 1000-2000
        0800 1800 3500 3500                      // FRA_DPORT_RANGE 53
        0600 1d00 ffff 0000                      // FRA_DPORT_MASK
        0500 1900 2e 000000                      // FRA_DSCP EF
        0c00 0c00 0000000000000007               // FRA_TUN_ID 7
        0800 0100 cb007100                       // FRA_DST 203.0.113.0
        0800 0200 c0000200                       // FRA_SRC 192.0.2.0
        """

    static let address = """
        02 20 80 00 05000000                     // ifaddrmsg: inet /32, permanent, universe, interface 5
        0800 0100 c6336409                       // IFA_ADDRESS 198.51.100.9: the peer
        0800 0200 c6336401                       // IFA_LOCAL 198.51.100.1
        0800 0800 81000000                       // IFA_FLAGS permanent, secondary
        """

    static let neighbor = """
        02 000000 03000000 2000 00 01            // ndmsg: inet, interface 3, FAILED
        0800 0100 c000024d                       // NDA_DST 192.0.2.77
        0a00 0200 020000000007 0000              // NDA_LLADDR
        """

    static let group = """
        00 00 00 00 00000000                     // nhmsg
        0800 0100 03000000                       // NHA_ID 3
        0600 0300 0000 0000                      // NHA_GROUP_TYPE
        1400 0200                                // NHA_GROUP
          01000000 04 00 0000                    //   1, weight 5
          02000000 01 01 0000                    //   2, weight 258: its high octet came later
        """

    static let configuration = """
        02 000000                                // netconfmsg
        0800 0100 ffffffff                       // NETCONFA_IFINDEX all
        0800 0200 01000000                       // NETCONFA_FORWARDING
        0800 0300 02000000                       // NETCONFA_RP_FILTER
        """

    @Test func aLinkTellsItsKindAndItsSettings() throws {
        let bytes = hex(Self.link)
        let message = try #require(unsafe LinkMessage(bytes.span.bytes))
        #expect(
            message.link
                == Link(
                    index: 5, name: "vrf", kind: "vrf", master: 9, vrfTable: 1000,
                    macAddress: MACAddress(rawValue: 0xE2DA_AAB6_A3D3), group: 42))
        #expect(
            message.configuration
                == InterfaceConfiguration(
                    rpFilter: 2, acceptLocal: true, srcValidMark: false, routeLocalnet: true, forwarding: true,
                    sendRedirects: false, arpAnnounce: 1))
    }

    @Test func aRouteTellsItsHops() throws {
        let bytes = hex(Self.route)
        let message = try #require(unsafe RouteMessage(bytes.span.bytes))
        let prefix = try #require(IPv4Prefix("203.0.113.0/24"))
        #expect(
            message.route
                == Route(
                    table: 1000, destination: prefix, metric: 10,
                    nexthops: [
                        Nexthop(interface: 3, gateway: IPv4Address("192.0.2.2"), weight: 3),
                        Nexthop(interface: 5, isDead: true, isLinkDown: true, isOnLink: true),
                    ], hasRealm: true))
        #expect(message.nexthopID == nil)
    }

    @Test func aRuleTellsAllItsSelectors() throws {
        let bytes = hex(Self.rule)
        let expected = Rule(
            priority: 77, from: IPv4Prefix("192.0.2.0/24"), to: IPv4Prefix("203.0.113.0/25"), inputInterface: "a0",
            outputInterface: InterfaceName(bytes: [0x62, 0xFF]), mark: 0x10, markMask: 0xFF, tos: 0xB8, tosMask: 0xFC,
            transport: .udp, sourcePorts: 1000...2000, destinationPorts: 53...53, userIDs: 0...99, tunnelKey: 7,
            isInverted: true, suppressPrefixLength: 0, action: .lookup(table: 1000))
        #expect(unsafe Rule(bytes.span.bytes) == expected)
    }

    @Test func anAddressTellsItsPeer() throws {
        let bytes = hex(Self.address)
        let peer = try #require(IPv4Prefix("198.51.100.9"))
        let own = try #require(IPv4Address("198.51.100.1"))
        #expect(
            unsafe InterfaceAddress(bytes.span.bytes)
                == InterfaceAddress(interface: 5, local: own, prefix: peer, isSecondary: true))
    }

    @Test func aNeighbourTellsThatItFailed() throws {
        let bytes = hex(Self.neighbor)
        let address = try #require(IPv4Address("192.0.2.77"))
        #expect(
            unsafe Neighbor(bytes.span.bytes)
                == Neighbor(
                    interface: 3, address: address, macAddress: MACAddress(rawValue: 0x0200_0000_0007),
                    hasFailed: true))
    }

    @Test func aGroupTellsItsMembersWeights() throws {
        let bytes = hex(Self.group)
        let message = try #require(unsafe NexthopMessage(bytes.span.bytes))
        #expect(message.group.map(\.id) == [1, 2])
        #expect(message.group.map(\.weight) == [5, 258])
    }

    @Test func anAnnouncedSettingTellsItsScope() throws {
        let bytes = hex(Self.configuration)
        let message = try #require(unsafe ConfigurationMessage(bytes.span.bytes))
        #expect(message.index == -1)
        #expect(message.values == ["forwarding": 1, "rp_filter": 2])
    }

    /// Every message cut at every length, and with every octet set to extreme values, is read without a trap.
    @Test func damagedMessagesAreHarmless() {
        let all = [Self.link, Self.route, Self.rule, Self.address, Self.neighbor, Self.group, Self.configuration]
        for whole in all.map(hex) { damage(whole) }
    }

    private func damage(_ whole: [UInt8]) {
        func decode(_ bytes: [UInt8]) {
            let span = unsafe bytes.span.bytes
            _ = LinkMessage(span)
            _ = RouteMessage(span)
            _ = Rule(span)
            _ = InterfaceAddress(span)
            _ = Neighbor(span)
            _ = NexthopMessage(span)
            _ = ConfigurationMessage(span)
            span.forEachMessage { _, payload in payload.forEachAttribute { _, _ in } }
        }
        for length in 0...whole.count { decode(Array(whole.prefix(length))) }
        for index in whole.indices {
            for value in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = whole
                bytes[index] = value
                decode(bytes)
            }
        }
    }

    @Test func whatIsNotIPv4IsPassedOver() {
        let bytes = [10] + hex(Self.route).dropFirst()
        #expect(unsafe RouteMessage(bytes.span.bytes) == nil)
        #expect(unsafe Rule(bytes.span.bytes) == nil)
        #expect(unsafe InterfaceAddress(bytes.span.bytes) == nil)
        #expect(unsafe Neighbor(bytes.span.bytes) == nil)
    }

    @Test func nexthopsOfAGroupAreResolved() throws {
        var objects = NexthopObjects()
        for text in [
            Self.group,
            "02 fd 00 00 00000000 0800 0100 01000000 0800 0500 03000000 0800 0600 c0000202",  // 1: via 192.0.2.2 dev 3
            "02 fe 00 00 01000000 0800 0100 02000000 0800 0500 05000000",  // 2: dev 5, dead
        ] {
            let bytes = hex(text)
            objects.insert(try #require(unsafe NexthopMessage(bytes.span.bytes)))
        }
        #expect(
            objects.nexthops(of: 3) == [
                Nexthop(interface: 3, gateway: IPv4Address("192.0.2.2"), weight: 5),
                Nexthop(interface: 5, weight: 258, isDead: true),
            ])
        #expect(objects.nexthops(of: 9).isEmpty)
    }
}
