// SPDX-License-Identifier: Apache-2.0
import Packets
import Testing

@Suite struct AddressTests {
    @Test(arguments: ["192.0.2.1", "0.0.0.0", "255.255.255.255", "127.0.0.1"])
    func dottedQuadRoundTrips(text: String) {
        #expect(IPv4Address(text)?.description == text)
    }

    @Test(arguments: [
        "", "192.0.2", "192.0.2.1.1", "192.0.2.256", "192.0.2.01", "192.0.2.1 ", "+1.2.3.4", "1..2.3", "a.b.c.d",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    /// The examples of RFC 5952, section 4, and the notations of RFC 4291, section 2.2.
    @Test(arguments: [
        ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:DB8::AbCd", "2001:db8::abcd"), ("::", "::"),
        ("::1", "::1"), ("fe80::", "fe80::"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("ff02::1:ff00:1", "ff02::1:ff00:1"),
    ])
    func ipv6HasOneText(written: String, text: String) throws {
        let address = try #require(IPv6Address(written))
        #expect(address.description == text)
        #expect(IPv6Address(octets: address.octets) == address)
        #expect(IPAddress(text) == .v6(address))
    }

    @Test(arguments: [
        "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "::1%lo",
        " ::1", "1.2.3.4::", "::192.0.2.256", "+1::", "fe80:",
    ])
    func anythingElseIsNoIPv6Address(text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test func prefixesOfBothVersionsAreKeptApart() {
        #expect(IPPrefix("2001:db8::77/32")?.description == "2001:db8::/32")
        #expect(IPPrefix("2001:db8::77")?.length == 128)
        #expect(IPPrefix("2001:db8::/129") == nil && IPPrefix("2001:db8::/") == nil && IPPrefix("192.0.2.0/33") == nil)
        let all = IPPrefix("::/0")
        #expect(all?.contains(.v6(IPv6Address(high: .max, low: .max))) == true)
        #expect(all?.contains(.v4(.loopback)) == false)
        #expect(IPAddress("2001:db8:8000::").flatMap { IPPrefix("2001:db8::/33")?.contains($0) } == false)
        #expect(IPAddress("2001:db8::1")?.description(port: 80) == "[2001:db8::1]:80")
        #expect(IPAddress("192.0.2.1")?.description(port: 80) == "192.0.2.1:80")
    }

    @Test func prefixClearsHostBits() {
        #expect(IPv4Prefix("192.0.2.77/24")?.description == "192.0.2.0/24")
        #expect(IPv4Prefix("192.0.2.77/24", strict: true) == nil)
        #expect(IPv4Prefix("192.0.2.77")?.length == 32)
        #expect(IPv4Prefix("0.0.0.0/0")?.contains(.limitedBroadcast) == true)
        #expect(IPv4Prefix("192.0.2.0/33") == nil)
        #expect(IPv4Prefix("192.0.2.0/-1") == nil)
    }

    @Test func hostileNamesReachNoTerminal() {
        #expect(InterfaceName(bytes: [0x1B, 0x5B, 0x33, 0x31, 0x6D]).display == "\\x1b[31m")
        #expect(InterfaceName(bytes: [0x65, 0xFF, 0x30]).display == "e\\xff0")
        #expect(InterfaceName("a;b$(c)").display == "a;b$(c)")
        #expect(InterfaceName("ü\u{202E}x").display == "ü\\xe2\\x80\\xaex")
        #expect(InterfaceName(bytes: [0xE2, 0x82]).display == "\\xe2\\x82")
    }
}
