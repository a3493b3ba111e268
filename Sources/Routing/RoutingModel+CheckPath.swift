// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

/// Whether a packet comes to the source check, and which caller asks for it.
package enum Reach: Hashable, Sendable {
    case checked(CheckPath)
    case notEvaluated(NotEvaluated)
}

extension RoutingModel {
    /// Where the packet's destination leads: to this host, to everybody, to a group, or out again
    /// (`net/ipv4/route.c`, ip_route_input_rcu and ip_route_input_slow). Membership of a group is taken for granted when it
    /// is not known. Of a multipath route the first usable nexthop is taken.
    package func checkPath(
        for packet: Packet, ingress: UInt32, configuration: InterfaceConfiguration? = nil
    ) -> Reach {
        let configuration = configuration ?? facts.configuration.effective(ingress)
        if packet.destination.isMulticast {
            return isMember(of: packet.destination, ingress) ? .checked(.multicast) : .notEvaluated(.groupNotJoined)
        }
        if packet.destination.isLimitedBroadcast { return .checked(.broadcast) }
        if packet.destination.isUnspecified {
            return packet.source.isUnspecified ? .checked(.broadcast) : .notEvaluated(.badDestination)
        }
        if packet.destination.isLoopback && !configuration.routeLocalnet { return .notEvaluated(.badDestination) }

        guard case .found(let route) = lookup(destinationKey(packet, ingress: ingress)).end else {
            return .notEvaluated(configuration.forwarding ? .noRouteToDestination : .forwardingOff)
        }
        switch route.kind {
        case .local: return .checked(.input)
        case .broadcast where !configuration.broadcastForwarding: return .checked(.broadcast)
        case .broadcast, .unicast:
            guard configuration.forwarding || route.kind == .broadcast else { return .notEvaluated(.forwardingOff) }
            return .checked(.forward(outputInterface: chosenNexthop(route)?.interface ?? 0))
        case .anycast, .multicast, .blackhole, .unreachable, .prohibit, .throw, .nat:
            return .notEvaluated(configuration.forwarding ? .badDestination : .forwardingOff)
        }
    }

    /// Whether the interface, or the VRF that it belongs to, takes packets to the group in, as far as is known
    /// (`net/ipv4/igmp.c`, ip_check_mc_rcu).
    private func isMember(of group: IPv4Address, _ interface: UInt32) -> Bool {
        [interface, vrf(of: interface)].contains { index in
            guard let link = linkByIndex[index] else { return index == interface }
            return link.multicastGroups?.contains(group) ?? true
        }
    }

    /// What the lookup of the packet's destination finds, or would find; nil for destinations that no table is asked for.
    package func destinationLookup(_ packet: Packet, ingress: UInt32, isARP: Bool = false) -> LookupResult? {
        let destination = packet.destination
        if destination.isMulticast || destination.isLimitedBroadcast || destination.isUnspecified { return nil }
        return lookup(destinationKey(isARP ? arpProbe(packet) : packet, ingress: ingress))
    }

    private func destinationKey(_ packet: Packet, ingress: UInt32) -> LookupKey {
        var key = LookupKey(destination: packet.destination, source: packet.source, inputInterface: ingress)
        key.tos = packet.tos & Self.tosMask
        key.mark = packet.mark
        let flow = flow(of: packet)
        (key.transport, key.sourcePort, key.destinationPort) = (flow.transport, flow.source, flow.destination)
        return key
    }

    /// An ARP request as routing sees it: no TOS, no transport protocol.
    func arpProbe(_ packet: Packet) -> Packet {
        var probe = packet
        probe.tos = 0
        probe.transport = IPProtocol(rawValue: 0)
        (probe.sourcePort, probe.destinationPort) = (nil, nil)
        return probe
    }

    /// Protocol and ports as a lookup's key carries them: zero unless some rule selects on them, and ports only of whole
    /// packets (`include/net/ip_fib.h`, fib4_rules_early_flow_dissect).
    func flow(of packet: Packet) -> (transport: IPProtocol, source: UInt16, destination: UInt16) {
        guard rulesSelectOnFlow else { return (IPProtocol(rawValue: 0), 0, 0) }
        guard packet.fragmentOffset == 0, !packet.moreFragments, packet.transport.hasPorts else {
            return (packet.transport, 0, 0)
        }
        return (packet.transport, packet.sourcePort ?? 0, packet.destinationPort ?? 0)
    }
}
