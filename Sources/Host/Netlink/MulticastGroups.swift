// SPDX-License-Identifier: Apache-2.0
import Packets
import SystemPackage

/// The multicast groups that interfaces of a namespace joined; netlink tells of them on the newest kernels only.
enum MulticastGroups {
    /// Those of the namespace that the calling thread is in, by interface index; nil when they cannot be read.
    static func read() -> [UInt32: Set<IPv4Address>]? {
        guard let bytes = Files.contents("/proc/thread-self/net/igmp", limit: 1 << 24) else { return nil }
        return parse(String(decoding: bytes, as: UTF8.self))
    }

    /// The lines of `net/ipv4/igmp.c`, igmp_mc_seq_show: one that begins with an interface's index, then one for each of
    /// its groups, indented, with the address as a number in the machine's byte order.
    static func parse(_ text: String) -> [UInt32: Set<IPv4Address>] {
        var result: [UInt32: Set<IPv4Address>] = [:]
        var interface: UInt32?
        for line in text.split(separator: "\n").dropFirst() {
            guard let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first else { continue }
            if line.first != "\t" {
                interface = UInt32(word)
            } else if let interface, let group = UInt32(word, radix: 16) {
                result[interface, default: []].insert(IPv4Address(bigEndian: group))
            }
        }
        return result
    }
}
