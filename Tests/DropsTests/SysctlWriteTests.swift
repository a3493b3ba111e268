// SPDX-License-Identifier: Apache-2.0
import Drops
import Packets
import Testing

/// Records of writes as a little-endian CPU writes them.
@Suite struct SysctlWriteTests {
    private func record(
        name: String = "net/ipv4/conf/eth0.100/rp_filter", before: String = "0\n", after: String = "2\n"
    ) -> [UInt8] {
        octets(
            """
            01 00 00 00              # abi 1
            b8 01 00 f0              # netns_inode 4026532280
            0d f0 ad ba 00 00 00 00  # netns_cookie 0xbaadf00d
            15 cd 5b 07 00 00 00 00  # time_ns 123456789
            2c 03 00 00              # process 812
            01 00 00 00              # parent 1
            """) + field("systemd-sysctl", size: 16) + field("systemd", size: 16) + field(name, size: 64)
            + field(before, size: 16) + field(after, size: 16)
    }

    private func decode(_ bytes: [UInt8]) -> SysctlWrite? { unsafe SysctlWrite(record: bytes.span.bytes) }

    @Test func everyFieldIsReadFromItsPlace() {
        #expect(
            decode(record())
                == SysctlWrite(
                    namespaceInode: 4_026_532_280, namespaceCookie: 0xbaad_f00d, time: 123_456_789, scope: "eth0.100",
                    key: "rp_filter", before: 0, after: 2,
                    process: SysctlWrite.Process(id: 812, command: "systemd-sysctl"),
                    parent: SysctlWrite.Process(id: 1, command: "systemd")))
    }

    @Test func theOtherNameOfForwardingIsTheOneOfAll() throws {
        let write = try #require(decode(record(name: "net/ipv4/ip_forward")))
        #expect(write.scope == "all" && write.key == "forwarding")
    }

    @Test(arguments: ["net/ipv4/tcp_ecn", "net/ipv6/conf/eth0/forwarding", "net/ipv4/conf/a/b/rp_filter", ""])
    func anotherPlaceIsNone(name: String) {
        #expect(decode(record(name: name)) == nil)
    }

    @Test(
        arguments: [
            ("2\n", 2), (" \t1 \n", 1), ("-1", -1), ("0", 0), ("0x1f", 31), ("010", 8), ("2147483647", .max),
            ("2147483648", nil), ("strict", nil), ("", nil), ("0x", nil), ("--1", nil), ("+1", nil), ("1 2", 1),
        ] as [(String, Int32?)])
    func aValueIsReadAsTheKernelReadsIt(text: String, value: Int32?) {
        #expect(decode(record(after: text))?.after == value)
        #expect(decode(record(before: text))?.before == value)
    }

    @Test func anotherSizeOrVersionIsNone() {
        #expect(decode(record().dropLast()) == nil)
        #expect(decode([2] + record().dropFirst()) == nil)
    }
}
