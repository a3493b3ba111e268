// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Routing

/// How the sources of a finding are reached through the interface their packets came in by.
enum WayBack: Hashable {
    /// They are neighbours on the interface.
    case onLink
    case via(IPv4Address, onLink: Bool)
    case unknown

    /// The next hop for a route; the gateway is left out when it is not known.
    func nexthop(on interface: UInt32) -> Nexthop {
        switch self {
        case .onLink, .unknown: Nexthop(interface: interface)
        case .via(let gateway, let onLink): Nexthop(interface: interface, gateway: gateway, isOnLink: onLink)
        }
    }
}

extension Situation {
    /// Existing routes through the interface, the frames' source MAC and the neighbour table tell.
    var wayBack: WayBack {
        if areSourcesOnLink { return .onLink }
        guard let gateway = gateway else { return isPointToPoint ? .onLink : .unknown }
        let isCovered = connectedPrefixes(on: ingress.index).contains { $0.contains(gateway) }
        return .via(gateway, onLink: !isCovered)
    }

    private var areSourcesOnLink: Bool {
        // Who asks by ARP is on the wire itself.
        if !trials.isEmpty && trials.allSatisfy({ $0.path == .arp }) { return true }
        let connected = connectedPrefixes(on: ingress.index)
        let neighbors = facts.neighbors.filter { $0.interface == ingress.index && !$0.hasFailed }
        return !sources.isEmpty
            && sources.allSatisfy { source in
                connected.contains { $0.contains(source) }
                    || neighbors.contains { $0.address == source && $0.macAddress != nil && $0.macAddress == sourceMAC }
            }
    }

    /// Tunnels and other devices without link-layer addresses: what is routed into them needs no gateway.
    private var isPointToPoint: Bool {
        let kinds: Set<String> = ["tun", "ipip", "sit", "gre", "vti", "xfrm", "wireguard", "ppp", "ip6tnl", "ip6gre"]
        // A TAP device has the kind of a TUN device, and an Ethernet address.
        guard let kind = ingress.kind, kinds.contains(kind) else { return false }
        return ingress.macAddress.map(\.isZero) ?? true
    }

    /// The best gateway on the ingress interface: one that sent the frames before one that only stands in a route; of
    /// the latter, that of the least specific route.
    private var gateway: IPv4Address? {
        let failed = Set(facts.neighbors.filter { $0.interface == ingress.index && $0.hasFailed }.map(\.address))
        let neighbors = facts.neighbors.filter { $0.interface == ingress.index && !$0.hasFailed }
        let routed = facts.routes
            .filter { $0.kind == .unicast }
            .flatMap { route in
                route.nexthops.filter { $0.interface == ingress.index }.compactMap { hop in
                    hop.gateway.map { (gateway: $0, length: route.destination.length, metric: route.metric) }
                }
            }
            .sorted { ($0.length, $0.metric, $0.gateway) < ($1.length, $1.metric, $1.gateway) }
            .map(\.gateway)
        let senders = neighbors.filter { $0.macAddress != nil && $0.macAddress == sourceMAC }.map(\.address).sorted()
        if let confirmed = routed.first(where: senders.contains) { return confirmed }
        let connected = connectedPrefixes(on: ingress.index)
        let onLinkSender = senders.first { sender in
            !sources.contains(sender) && connected.contains { $0.contains(sender) }
        }
        // A virtual router's address has a MAC of its own, so a route's gateway stands even when others send the
        // frames.
        return onLinkSender ?? routed.first { !failed.contains($0) } ?? routed.first
            ?? senders.first { !sources.contains($0) }
    }
}
