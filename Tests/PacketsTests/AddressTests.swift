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
