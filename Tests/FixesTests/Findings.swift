// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import ModelLab
import Packets
import Routing

/// A finding about packets that came in by one interface of a described host, as attribution would hand it over.
struct Problem {
    var lab: Lab
    var cause: Cause?
    var factors: [Factor] = []
    var interface = Lab.a0
    var path: PacketPath? = .input
    var packets: [Packet]
    /// Drops that looked like each packet.
    var each: UInt64 = 10
    /// Drops whose detail was received, when more than are kept.
    var detailed: UInt64?
    var filterRule: FilterRule?
    var filterSuspects: [FilterRule] = []
    var outputInterface: UInt32?

    init(
        _ cause: Cause?, _ factors: [Factor] = [], on interface: UInt32 = Lab.a0, path: PacketPath? = .input,
        of packets: Packet..., in lab: Lab
    ) {
        self.lab = lab
        self.cause = cause
        self.factors = factors
        self.interface = interface
        self.path = path
        self.packets = packets
    }

    var finding: Finding {
        let name = lab.facts.link(interface)?.name ?? ""
        let samples = packets.map { packet in
            let key = DropKey(
                namespaceCookie: 1, namespaceInode: lab.facts.namespace.inode, interfaceIndex: interface, reason: 16,
                outcome: .reversePathFilter, path: nil, interfaceHasAddress: true)
            let drop = DropEvent(
                key: key, packet: packet, interfaceName: name, path: path, outputInterface: outputInterface,
                hasCustomRules: lab.facts.rules != Rule.defaults)
            return Finding.Sample(drop: drop, count: each)
        }
        let total = UInt64(packets.count) * each
        return Finding(
            id: "0123456789abcdef", namespace: lab.facts.namespace, interface: name, interfaceIndex: interface,
            attribution: DropAttribution(
                attributed: cause?.isAttributed ?? true, cause: cause, factors: factors.sorted(),
                certainty: Certainty(attributed: .observed, cause: .inferred), path: path, filterRule: filterRule,
                filterSuspects: filterSuspects),
            sysctls: nil, drops: detailed ?? total, detailed: detailed ?? total, firstSeen: 1, lastSeen: 2, sources: [],
            samples: samples, isIPv6: packets.contains(where: \.isIPv6))
    }

    var advice: Advice { advise(on: finding, model: lab.model) }
}

/// A host with changes.
func host(_ change: (inout Lab) -> Void) -> Lab {
    var lab = Lab()
    change(&lab)
    return lab
}

/// The peer on the wire of a0.
let client = MACAddress(rawValue: 0x0200_0000_00A1)

func packet(
    from source: IPv4Address, to destination: IPv4Address, mark: UInt32 = 0, mac: MACAddress? = client
) -> Packet {
    Packet(source: source, destination: destination, sourcePort: 40_000, destinationPort: 9, mark: mark, sourceMAC: mac)
}

/// A service address that several hosts share, as under LVS.
let serviceAddress = address("203.0.113.250")

extension Lab {
    mutating func serviceAddressOnLoopback() { assign("203.0.113.250/32", to: 1) }

    /// The host has heard of the station that sends to a0.
    mutating func knowClient() {
        facts.neighbors.append(Neighbor(interface: Lab.a0, address: address("192.0.2.2"), macAddress: client))
    }

    /// a0 loses its address; the host keeps it on lo.
    mutating func unnumber() {
        flush(Lab.a0)
        assign("192.0.2.1/32", to: 1)
    }

    mutating func addLink(_ index: UInt32, _ name: InterfaceName, kind: String, mode: Int32) {
        facts.links.append(Link(index: index, name: name, kind: kind))
        facts.configuration.interfaces[index] = InterfaceConfiguration(rpFilter: mode)
    }

    mutating func rename(_ interface: UInt32, _ name: InterfaceName) {
        guard let position = facts.links.firstIndex(where: { $0.index == interface }) else { return }
        facts.links[position].name = name
    }
}
