// SPDX-License-Identifier: Apache-2.0
import CLinux
import Packets

/// Reads with whom a namespace has TCP connections, from the kernel's socket tables (`net/ipv4/inet_diag.c`).
enum ConnectionReader {
    /// States of a connection that both sides took part in (`include/net/tcp_states.h`): an attempt of one side alone
    /// proves nothing about the other.
    private static let states: [Int32] = [
        1,  // TCP_ESTABLISHED
        4, 5,  // TCP_FIN_WAIT1, TCP_FIN_WAIT2
        6,  // TCP_TIME_WAIT
        8, 9,  // TCP_CLOSE_WAIT, TCP_LAST_ACK
        11,  // TCP_CLOSING
    ]

    /// Of `addresses` those that the namespace that the calling thread is in has a connection with.
    /// However many connections there are, no more is kept than what was asked about.
    static func connected(among addresses: Set<IPv4Address>) throws(HostError) -> Set<IPv4Address> {
        var socket = try NetlinkSocket(family: NETLINK_SOCK_DIAG)
        var found: Set<IPv4Address> = []
        for family in [AF_INET, AF_INET6] {
            var body = inet_diag_req_v2()
            body.sdiag_family = UInt8(family)
            body.sdiag_protocol = IPProtocol.tcp.rawValue
            body.idiag_states = states.reduce(0) { $0 | 1 << UInt32($1) }
            try socket.dump(.dump(Int(SOCK_DIAG_BY_FAMILY), body: body), "TCP connections") { _, payload in
                if let peer = peer(payload), addresses.contains(peer) { found.insert(peer) }
            }
        }
        return found
    }

    /// The other end's IPv4 address, also where the socket is one of IPv6 (::ffff:192.0.2.1).
    static func peer(_ payload: RawSpan) -> IPv4Address? {
        guard let message = payload.load(inet_diag_msg.self) else { return nil }
        let words = message.id.idiag_dst
        switch Int32(message.idiag_family) {
        case AF_INET: return IPv4Address(bigEndian: words.0)
        case AF_INET6 where words.0 == 0 && words.1 == 0 && words.2 == UInt32(0xFFFF).bigEndian:
            return IPv4Address(bigEndian: words.3)
        default: return nil
        }
    }
}
