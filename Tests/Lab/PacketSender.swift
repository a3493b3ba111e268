// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc

/// Sends frames out of one interface of a namespace, below its IP stack, so that any header field can be chosen.
package final class PacketSender: Sendable {
    private let socket: Descriptor
    private let interface: String
    private let ownAddress: [UInt8]

    /// On `interface` of `namespace`, as the host with the Ethernet address `ethernetAddress`.
    package init(on interface: String, of namespace: Namespace, ethernetAddress: [UInt8]) throws {
        socket = try namespace.enter {
            // 0x0806 is ARP: replies to `resolve` are all that is ever read.
            try Descriptor(unsafe lab_packet_socket(interface, 0x0806), "packet socket on", interface)
        }
        self.interface = interface
        ownAddress = ethernetAddress
    }

    /// Sends each packet once, `to` an Ethernet address unless it is a multicast or broadcast packet; returns when they
    /// were received.
    package func send(_ packets: [IPv4Packet], to receiver: [UInt8]) throws(LabError) {
        for packet in packets {
            try socket.write(frame(of: packet, to: receiver), interface)
        }
        drainBacklogs()
    }

    /// Sends a packet once, and does not wait until it was received.
    package func transmit(_ packet: IPv4Packet, to receiver: [UInt8]) throws(LabError) {
        try socket.write(frame(of: packet, to: receiver), interface)
    }

    /// Sends an IPv6 packet some times; returns when all were received.
    package func send(_ datagram: IPv6Datagram, times: Int, to receiver: [UInt8]) throws(LabError) {
        for _ in 0..<times { try socket.write(receiver + ownAddress + [0x86, 0xDD] + datagram.bytes, interface) }
        drainBacklogs()
    }

    /// Sends the packets in turn, `count` in all, as fast as one CPU can. They have to be of one length.
    package func flood(_ packets: [IPv4Packet], to receiver: [UInt8], count: Int) throws(LabError) {
        let frames = packets.map { frame(of: $0, to: receiver) }
        guard let size = frames.first?.count, frames.allSatisfy({ $0.count == size }) else {
            throw LabError("the packets of a flood differ in length")
        }
        let result = unsafe lab_flood(
            socket.number, frames.flatMap { $0 }, UInt32(size), UInt32(frames.count), UInt64(count))
        guard result == 0 else { throw LabError("sendmmsg", interface, errno: -result) }
        drainBacklogs()
    }

    private func frame(of packet: IPv4Packet, to receiver: [UInt8]) -> [UInt8] {
        packet.ethernetDestination(host: receiver) + ownAddress + [0x08, 0x00] + packet.bytes
    }

    /// Asks for the Ethernet address of `target` as `sender` and says whether an answer came.
    package func resolve(_ target: String, as sender: String, within milliseconds: Int32 = 300) throws(LabError) -> Bool
    {
        let everybody = [UInt8](repeating: 0xFF, count: 6)
        var frame = everybody + ownAddress + [0x08, 0x06]
        // Ethernet, IPv4, lengths 6 and 4, request.
        frame += [0, 1, 8, 0, 6, 4, 0, 1] + ownAddress + IPv4Packet.bytes(address(sender))
        frame += [UInt8](repeating: 0, count: 6) + IPv4Packet.bytes(address(target))
        try socket.write(frame, interface)
        while socket.isReadable(within: milliseconds) {
            guard let answer = socket.readSome(), answer.count >= 42 else { continue }
            let isReply = answer[20...21].elementsEqual([0, 2])
            if isReply && answer[28...31].elementsEqual(IPv4Packet.bytes(address(target)))
                && answer[38...41].elementsEqual(IPv4Packet.bytes(address(sender)))
            {
                return true
            }
        }
        return false
    }
}

/// Sends packets from any source through the IP stack of a namespace: over its routes, and into its tunnels.
package final class StackSender: Sendable {
    private let socket: Descriptor

    package init(in namespace: Namespace) throws {
        socket = try namespace.enter { try Descriptor(lab_raw_socket(), "raw socket", "") }
    }

    package func send(_ packets: [IPv4Packet]) throws(LabError) {
        for packet in packets {
            let bytes = packet.bytes
            let result = unsafe lab_send_raw(
                socket.number, packet.destination.bigEndian, bytes, UInt32(bytes.count))
            guard result == 0 else { throw LabError("sendto", dottedQuad(packet.destination), errno: -result) }
        }
    }
}

/// A TUN device: what is written into it arrives in its namespace as if a tunnel had unpacked it.
package final class TunDevice: Sendable {
    private let file: Descriptor
    private let name: String

    package init(_ name: String, in namespace: Namespace) throws {
        file = try namespace.enter { try Descriptor(unsafe lab_tun(name), "TUN device", name) }
        self.name = name
    }

    package func receive(_ packets: [IPv4Packet]) throws(LabError) {
        for packet in packets { try file.write(packet.bytes, name) }
    }
}

/// A UDP socket that nobody reads: what arrives for it is delivered, and no ICMP error answers it.
package final class UDPSink: Sendable {
    private let socket: Descriptor

    package init(port: UInt16, in namespace: Namespace) throws {
        socket = try namespace.enter { try Descriptor(lab_udp_socket(port), "UDP socket on port", "\(port)") }
    }

    /// Sends empty datagrams out of the namespace, whether or not a packet filter lets them out.
    package func storm(to destination: String, count: Int) throws(LabError) {
        let result = lab_udp_storm(socket.number, address(destination).bigEndian, 9, UInt64(count))
        guard result == 0 else { throw LabError("sendto", destination, errno: -result) }
    }

    /// Becomes a member of a multicast group for as long as it lives.
    package func join(_ group: String, on interface: String, in namespace: Namespace) throws {
        let number = socket.number
        let octets = address(group).bigEndian
        try namespace.enter {
            let result = unsafe lab_join_group(number, octets, interface)
            guard result == 0 else { throw LabError("join \(group) on", interface, errno: -result) }
        }
    }
}
