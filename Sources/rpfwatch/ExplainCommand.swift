// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Facts
import Host
import Packets
import Reports
import Routing

/// `rpfwatch explain`: would the kernel accept this packet, why not, and the narrowest fix; without any packet.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say whether a packet's source would be accepted, why not, and the narrowest fix; nothing is sent.",
        discussion: """
            Exits 0 when the packet would be accepted or never comes to the check, 1 when it would be refused (with \
            --all-interfaces: on any of them).
            """)

    @Argument(help: ArgumentHelp("Source address of the packet.", valueName: "src"), transform: AddressArgument.parse)
    var source: AddressArgument?

    @Argument(
        help: ArgumentHelp("Destination address, after any destination NAT.", valueName: "dst"),
        transform: AddressArgument.parse)
    var destination: AddressArgument?

    @Option(
        name: .shortWithValue("i", "interface"), parsing: .unconditional,
        help: ArgumentHelp("The interface it would come in by; of a VRF the member.", valueName: "iface"))
    var interface: String?

    @Flag(help: "Answer for every interface, in one table.")
    var allInterfaces = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("In this network namespace: NAME, PID, PATH or inode:N.", valueName: "netns"))
    var netns: String?

    @Option(
        help: ArgumentHelp("Its firewall mark, after PREROUTING: 1 or 0x1.", valueName: "mark"),
        transform: IntegerArgument<UInt32>.parse)
    var mark: IntegerArgument<UInt32>?

    @Option(
        help: ArgumentHelp("Its TOS octet: 16 or 0x10.", valueName: "tos"), transform: IntegerArgument<UInt8>.parse)
    var tos: IntegerArgument<UInt8>?

    @Option(
        help: ArgumentHelp("Its protocol: tcp, udp, icmp or a number. (default: udp)", valueName: "proto"),
        transform: ProtocolArgument.parse)
    var proto: ProtocolArgument?

    @Option(help: ArgumentHelp("Its source port.", valueName: "port"), transform: IntegerArgument<UInt16>.parse)
    var sport: IntegerArgument<UInt16>?

    @Option(help: ArgumentHelp("Its destination port.", valueName: "port"), transform: IntegerArgument<UInt16>.parse)
    var dport: IntegerArgument<UInt16>?

    @Flag(help: "An ARP request instead: SRC asks for the Ethernet address of DST.")
    var arp = false

    @Option(
        help: ArgumentHelp("Also write what the answer rests on into a file, or - for stdout.", valueName: "file"))
    var snapshot: String?

    @Option(
        help: ArgumentHelp("Answer from such a file, on any machine, or - for stdin.", valueName: "file"))
    var fromSnapshot: String?

    @Option(name: .shortWithValue("o", "output"), help: "What stdout carries: text or json.")
    var output: OutputFormat = .text

    @Flag(help: "Write JSON, one object an interface; the same as --output json.")
    var json = false

    @Option(help: "Colour: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    func validate() throws {
        if source == nil || destination == nil {
            guard snapshot != nil, source == nil else { throw ValidationError("Give a source and a destination.") }
            guard interface == nil, !allInterfaces else {
                throw ValidationError("Give a source and a destination, or --snapshot alone.")
            }
        } else if interface == nil && !allInterfaces {
            throw ValidationError("Give the interface that it comes in by with -i, or --all-interfaces.")
        }
        if interface != nil && allInterfaces { throw ValidationError("Give -i or --all-interfaces, not both.") }
        if fromSnapshot != nil && (netns != nil || snapshot != nil) {
            throw ValidationError("--from-snapshot answers from the file alone: leave out --netns and --snapshot.")
        }
        if arp && (proto != nil || sport != nil || dport != nil || tos != nil) {
            throw ValidationError("An ARP request has no --tos, --proto, --sport or --dport.")
        }
        if (sport != nil || dport != nil) && !(proto?.value ?? .udp).hasPorts {
            throw ValidationError("--sport and --dport need a protocol with ports, such as --proto tcp.")
        }
        if snapshot == "-" && source != nil {
            throw ValidationError("With --snapshot - nothing but the snapshot goes to stdout: leave out the packet.")
        }
    }

    mutating func run() throws {
        let host = try ExplainedHost(fromSnapshot: fromSnapshot, netns: netns)
        if let snapshot { try host.write(to: snapshot) }
        guard let packet else { return }
        let reports = try host.ingresses(interface, all: allInterfaces).map { link in
            host.report(on: packet, entering: link, isARP: arp)
        }
        let rendering = Output(
            json ? .json : output, showsDrops: false, style: color.style(isTerminal: Terminal.isOutput))
        try LineOutput.standardOutput().write(rendering.render(reports, asTable: allInterfaces))
        if reports.contains(where: { $0.verdict == .drop || $0.verdict == .refuse }) { throw ExitStatus.refused }
    }

    private var packet: Packet? {
        guard let source, let destination else { return nil }
        return Packet(
            source: source.value, destination: destination.value, transport: proto?.value ?? .udp,
            sourcePort: sport?.value, destinationPort: dport?.value, tos: tos?.value ?? 0, mark: mark?.value ?? 0)
    }
}

/// An IPv4 address as an argument.
struct AddressArgument {
    var value: IPv4Address

    @Sendable static func parse(_ argument: String) throws -> Self {
        guard let address = IPv4Address(argument) else {
            throw WrongValue(description: "give an IPv4 address such as 192.0.2.1 (IPv6 has no rp_filter)")
        }
        return Self(value: address)
    }
}

/// A number in decimal or, with 0x, in hexadecimal.
struct IntegerArgument<Value: FixedWidthInteger & Sendable> {
    var value: Value

    @Sendable static func parse(_ argument: String) throws -> Self {
        let isHexadecimal = argument.hasPrefix("0x") || argument.hasPrefix("0X")
        let digits = isHexadecimal ? argument.dropFirst(2) : argument[...]
        guard digits.first != "+", digits.first != "-", let value = Value(digits, radix: isHexadecimal ? 16 : 10) else {
            throw WrongValue(description: "give a number from 0 to \(Value.max), in decimal or as 0x1f")
        }
        return Self(value: value)
    }
}

/// An IP protocol by name or number.
struct ProtocolArgument {
    var value: IPProtocol

    private static let names: [String: IPProtocol] = [
        "icmp": .icmp, "igmp": .igmp, "ipip": .ipip, "tcp": .tcp, "udp": .udp, "gre": .gre, "esp": .esp, "sctp": .sctp,
    ]

    @Sendable static func parse(_ argument: String) throws -> Self {
        guard let value = names[argument.lowercased()] ?? UInt8(argument).map({ IPProtocol(rawValue: $0) }) else {
            let known = names.keys.sorted().joined(separator: ", ")
            throw WrongValue(description: "give one of \(known), or a number from 0 to 255")
        }
        return Self(value: value)
    }
}
