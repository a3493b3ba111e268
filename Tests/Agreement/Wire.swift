// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Packets

/// The other ends of a host's interfaces: sends packets into them and sees which way the kernel let each go.
final class Wire {
    private var senders: [String: PacketSender] = [:]
    private let counters: PacketCounters
    private var before: PacketCounters.Reading
    private var sent: UInt16 = 0

    /// Marks are what the host's packet filter gives a packet for the upper four bits of its identification. What the host
    /// itself would send, such as ICMP errors, ends there.
    private static let marks: [UInt32] = [0, 1, 2, 0x11]
    private static let ruleset =
        "table ip agree {\nchain marks {\ntype filter hook prerouting priority -150;\n"
        + marks.indices.dropFirst().map {
            "ip id & 0xf000 == 0x\(hexByte(UInt8($0) << 4))00 meta mark set \(marks[$0])\n"
        }.joined() + "}\nchain silence {\ntype filter hook output priority 0; policy drop;\n}\n}\n"

    init(from wire: Namespace, to host: Namespace, interfaces: [String]) throws {
        for interface in interfaces {
            senders[interface] = try PacketSender(
                on: "y" + interface.dropFirst(), of: wire, ethernetAddress: [2, 0, 0, 0, 2, 1])
        }
        try host.run(["nft", "-f", "-"], input: Self.ruleset)
        counters = try PacketCounters(of: host)
        before = try counters.read()
    }

    /// Whether packets can be sent into the interface.
    func reaches(_ interface: String) -> Bool { senders[interface] != nil }

    /// Where a packet went.
    func send(_ question: Question, patiently: Bool) throws -> WireAnswer {
        guard let sender = senders[question.interface] else { throw LabError("no way to \(question.interface)") }
        if patiently {
            usleep(20_000)
            before = try counters.read()
        }
        try sender.transmit(packet(question.packet), to: Self.ethernetAddress(question.interface))
        var after = try counters.read()
        let arrived = try eventually(within: patiently ? 5 : 1) {
            after = try counters.read()
            return after.received != before.received
        }
        guard arrived else { return .notReceived }
        var answer = WireAnswer(from: before, to: after)
        if answer == .dropped {
            // Nothing says that the kernel is done with it.
            usleep(patiently ? 50_000 : 200)
            after = try counters.read()
            answer = WireAnswer(from: before, to: after)
        }
        before = after
        return answer
    }

    /// Whether an ARP request is answered.
    func resolve(_ question: Question, within milliseconds: Int32) throws -> Bool {
        guard let sender = senders[question.interface] else { throw LabError("no way to \(question.interface)") }
        return try sender.resolve(
            "\(question.packet.destination)", as: "\(question.packet.source)", within: milliseconds)
    }

    private static func ethernetAddress(_ interface: String) -> [UInt8] {
        [2, 0, 0, 0, 1, UInt8(interface.dropFirst()) ?? 0]
    }

    /// The packet as octets. Its payload has a wrong checksum, so that nobody answers it.
    private func packet(_ packet: Packet) -> IPv4Packet {
        var result = IPv4Packet(
            source: "\(packet.source)", destination: "\(packet.destination)", protocol: packet.transport.rawValue)
        result.tos = packet.tos
        result.fragmentOffset = packet.fragmentOffset
        result.moreFragments = packet.moreFragments
        sent = sent % 0xFFF + 1
        result.identification = UInt16(Self.marks.firstIndex(of: packet.mark) ?? 0) << 12 | sent
        func octets(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
        let ports = octets(packet.sourcePort ?? 0) + octets(packet.destinationPort ?? 0)
        switch packet.transport {
        case .udp: result.payload = ports + [0, 16, 0xBA, 0xD0] + [UInt8](repeating: 0x55, count: 8)
        // A reset, which nobody answers either.
        case .tcp: result.payload = ports + [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x04, 0, 0, 0xBA, 0xD0, 0, 0]
        case .sctp: result.payload = ports + [0, 0, 0, 0, 0xBA, 0xD0, 0, 0]
        default: result.payload = [0, 0, 0xBA, 0xD0, 0, 0, 0, 0]
        }
        return result
    }
}
