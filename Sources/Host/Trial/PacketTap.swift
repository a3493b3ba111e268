// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
package import Packets
import SystemPackage

/// Which packets that arrive on an interface are meant.
package struct Traffic: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case ipv4
        /// ARP requests, by their sender's address.
        case arp
        /// IPv6 packets of any address.
        case ipv6
    }

    package var kind: Kind
    package var source: IPv4Prefix
    package var destination: IPv4Prefix

    package init(kind: Kind = .ipv4, source: IPv4Prefix = .any, destination: IPv4Prefix = .any) {
        self.kind = kind
        self.source = source
        self.destination = destination
    }
}

/// Counts packets as they arrive on an interface, before any check of IP: a packet socket that nobody reads from.
///
/// What the kernel hands to the IP layer of that interface it hands here as well, once (`net/core/dev.c`,
/// __netif_receive_skb_core), and it counts what passes the filter also when there is no room (`net/packet/af_packet.c`).
package struct PacketTap: ~Copyable {
    private let socket: Descriptor
    private var total: UInt64 = 0

    package init(
        in namespace: borrowing NetworkNamespace, interface: UInt32, traffic: Traffic
    ) throws(HostError) {
        socket = try namespace.run { () throws(HostError) in
            try Self.open(interface: interface, traffic: traffic)
        }
    }

    private static func open(interface: UInt32, traffic: Traffic) throws(HostError) -> Descriptor {
        let action = "count the packets that arrive"
        // Protocol 0: nothing arrives before the filter is in place and the interface is chosen.
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let file = try Descriptor(Glibc.socket(AF_PACKET, type, 0), cannot: action)
        var program = traffic.filter
        let isFiltered = unsafe program.withUnsafeMutableBufferPointer { instructions in
            var filter = unsafe sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return unsafe setsockopt(
                file.number, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size)) == 0
        }
        guard isFiltered else { throw HostError(errno: .current, cannot: action) }
        // Nobody reads: the smaller the queue, the less is copied.
        var smallest: CInt = 1
        _ = unsafe setsockopt(
            file.number, SOL_SOCKET, SO_RCVBUF, &smallest, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = UInt16(traffic.kind.etherType).bigEndian
        address.sll_ifindex = CInt(bitPattern: interface)
        let isBound = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(file.number, address, socklen_t(MemoryLayout<sockaddr_ll>.size)) == 0
            }
        }
        guard isBound else { throw HostError(errno: .current, cannot: action) }
        return file
    }

    /// How many have arrived since the tap was made.
    package mutating func count() -> UInt64 {
        var statistics = tpacket_stats()
        var size = socklen_t(MemoryLayout<tpacket_stats>.size)
        // Reading sets them back to zero.
        if unsafe getsockopt(socket.number, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0 {
            total += UInt64(statistics.tp_packets)
        }
        return total
    }
}

extension Traffic.Kind {
    fileprivate var etherType: Int32 {
        switch self {
        case .ipv4: ETH_P_IP
        case .arp: ETH_P_ARP
        case .ipv6: ETH_P_IPV6
        }
    }
}

extension Traffic {
    /// Classic BPF: what came in for this host, of these addresses. Offsets are from the network header on.
    fileprivate var filter: [sock_filter] {
        let load = UInt16(BPF_LD | BPF_ABS)
        let direction = UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PKTTYPE)
        // Neither what this host sends nor what a promiscuous interface overhears.
        var tests = [PACKET_OUTGOING, PACKET_OTHERHOST].map {
            Test(load | UInt16(BPF_B), direction, $0, passesIf: false)
        }
        switch kind {
        case .ipv4: tests += [Test(load, at: 12, source), Test(load, at: 16, destination)]
        case .arp:
            tests += [
                Test(load | UInt16(BPF_H), 6, ARPOP_REQUEST), Test(load, at: 14, source),
                Test(load, at: 24, destination),
            ]
        case .ipv6: break
        }
        var instructions: [sock_filter] = []
        for (index, test) in tests.enumerated() {
            // Over the tests that follow, three instructions each, and the acceptance.
            let reject = UInt8(3 * (tests.count - index - 1) + 1)
            instructions += [
                sock_filter(code: test.load, jt: 0, jf: 0, k: test.offset),
                sock_filter(code: UInt16(BPF_ALU | BPF_AND | BPF_K), jt: 0, jf: 0, k: test.mask),
                sock_filter(
                    code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: test.passesIf ? 0 : reject,
                    jf: test.passesIf ? reject : 0, k: test.value),
            ]
        }
        return instructions + [
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 1),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
        ]
    }

    /// A field of the packet compared with a value.
    private struct Test {
        var load: UInt16
        var offset: UInt32
        var mask: UInt32
        var value: UInt32
        var passesIf: Bool

        init(_ load: UInt16, _ offset: UInt32, _ value: Int32, passesIf: Bool = true) {
            self.load = load
            self.offset = offset
            mask = .max
            self.value = UInt32(bitPattern: value)
            self.passesIf = passesIf
        }

        init(_ load: UInt16, at offset: UInt32, _ prefix: IPv4Prefix) {
            self.load = load | UInt16(BPF_W)
            self.offset = offset
            mask = prefix.mask
            value = prefix.address.rawValue
            passesIf = true
        }
    }
}
