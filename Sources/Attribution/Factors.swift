// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Routing

/// The factors that hold, in the order of `candidates`. Those that rest on routes need a `situation` whose simulated check
/// agrees with the kernel.
func factors(
    _ facts: DropFacts, _ situation: Situation?, among candidates: [Factor] = Factor.allCases
) -> [Factor] {
    candidates.filter { facts.holds($0) ?? situation?.holds($0) ?? false }
}

extension DropFacts {
    /// Whether a factor holds, as far as the record alone tells; nil when it takes a snapshot.
    func holds(_ factor: Factor) -> Bool? {
        switch factor {
        case .allOverridesInterface: drop.sysctls.map { $0.rpFilterAll > $0.rpFilterInterface }
        case .unnumberedInterface: hasAddress.map { !$0 }
        case .dnat: drop.hasDestinationNAT
        case .decapsulated: drop.interfaceKind.map(Self.isTunnel)
        case .vrf: drop.vrf.flatMap { $0 == 0 ? nil : true }
        case .otherNetns: namespace.map { !$0.isOwn } ?? false
        case .spoofSuspected: !drop.packet.isIPv6 && drop.packet.source.isOfSpecialBlock ? true : nil
        case .valueOverwritten: isOverwritten || !changedValues.isEmpty
        default: nil
        }
    }

    /// The kinds of device (IFLA_INFO_KIND) whose packets were taken out of others before they came in.
    static func isTunnel(_ kind: String) -> Bool {
        [
            "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "erspan", "ip6erspan", "vti", "vti6",
            "xfrm",
            "vxlan", "geneve", "gtp", "bareudp", "amt", "wireguard", "tun", "ovpn", "ovpn-dco",
        ].contains(kind)
    }
}

extension Situation {
    /// Whether a factor holds, from the snapshot and the simulated check.
    func holds(_ factor: Factor) -> Bool {
        switch factor {
        case .allOverridesInterface: allOverridesInterface
        case .unnumberedInterface: !hasAddress
        case .fwmarkIgnored: isMarkIgnored
        case .fwmarkMisroutes: doesMarkMisroute
        case .fwmarkHitsLocal: doesMarkHitLocal
        case .decapsulated: model.link(ingress)?.kind.map(DropFacts.isTunnel) ?? false
        case .policyRule: cameFromPolicyRule
        case .secondaryTableOnly: isRoutedInAnotherTable
        case .lessSpecificRoute: hasLessSpecificRoute
        case .worseMetricRoute: hasWorseMetricRoute
        case .sameSubnetInterfaces: isOnLinkTwice
        case .blackholeRoute: endedAtBlackhole
        case .nexthopDown: isNexthopDown
        case .replyPathBroken: isReplyPathBroken
        case .vrf: model.vrf(of: ingress) != 0
        case .spoofSuspected: model.isConnectedElsewhere(packet.source, than: ingress)
        case .dnat, .otherNetns, .valueOverwritten: false
        }
    }

    private var allOverridesInterface: Bool {
        model.facts.configuration.all.rpFilter > model.facts.configuration.own(ingress).rpFilter
    }

    // MARK: Marks

    private var isMarkIgnored: Bool {
        packet.mark != 0 && !configuration.srcValidMark && check { $0.srcValidMark = true }.isAccepted
    }

    private var doesMarkMisroute: Bool {
        packet.mark != 0 && configuration.srcValidMark && check(mark: 0).isAccepted
    }

    private var doesMarkHitLocal: Bool {
        packet.mark != 0 && configuration.srcValidMark && model.lookup(reverseKey(usesMark: true)).isLocal
            && !model.lookup(reverseKey(usesMark: false)).isLocal
    }

    // MARK: Routes

    private var cameFromPolicyRule: Bool {
        guard let rule = verdict.reverse?.rule else { return false }
        return !rule.isDefault
    }

    private var isRoutedInAnotherTable: Bool {
        guard let consulted = verdict.reverse?.tables else { return false }
        return model.tableNumbers.contains { table in
            !consulted.contains(table) && routesToSource(table).contains(where: leadsThroughIngress)
        }
    }

    private var hasLessSpecificRoute: Bool {
        guard let answer = verdict.reverse?.route else { return false }
        return routesToSource(answer.table)
            .contains { $0.destination.length < answer.destination.length && leadsThroughIngress($0) }
    }

    private var hasWorseMetricRoute: Bool {
        guard let answer = verdict.reverse?.route else { return false }
        return routesToSource(answer.table).contains {
            $0.destination == answer.destination && $0.metric > answer.metric && leadsThroughIngress($0)
        }
    }

    private var isOnLinkTwice: Bool {
        guard let chosen = chosenNexthop, chosen.gateway == nil, chosen.interface != ingress else { return false }
        return isConnected(packet.source, to: ingress) && isConnected(packet.source, to: chosen.interface)
    }

    private var endedAtBlackhole: Bool {
        switch verdict.reverse?.end {
        case .refusedByRoute, .refusedByRule: true
        case .found, .nothing, nil: false
        }
    }

    private var isNexthopDown: Bool {
        if let chosen = chosenNexthop, hasNoCarrier(chosen) { return true }
        return !verdict.isAccepted && check(model: model.assumingLinksUp()).isAccepted
    }

    // MARK: The way back

    /// Replies go out as the host's own packets: unmarked, with TOS 0, from the packet's destination. Broadcast,
    /// multicast and forwarded packets have no such reply, nor has one from an address that nobody can have.
    private var isReplyPathBroken: Bool {
        guard verdict.path == .input || verdict.path == .arp, verdict.reverse != nil else { return false }
        var key = reverseKey(usesMark: false)
        key.tos = 0
        guard case .found(let route) = model.lookup(key).end else { return true }
        guard route.kind == .unicast, let nexthop = model.chosenNexthop(route) else { return false }
        if hasNoCarrier(nexthop) { return true }
        let next = nexthop.gateway ?? packet.source
        if model.facts.neighbors.contains(where: {
            $0.interface == nexthop.interface && $0.address == next && $0.hasFailed
        }) {
            return true
        }
        return isInSubnet(packet.destination, of: ingress) && !isInSubnet(packet.destination, of: nexthop.interface)
    }

    // MARK: Helpers

    private var chosenNexthop: Nexthop? {
        guard case .found(let route) = verdict.reverse?.end else { return nil }
        return model.chosenNexthop(route)
    }

    private func routesToSource(_ table: UInt32) -> [Route] {
        model.routes(to: packet.source, table: table, tos: packet.tos & RoutingModel.tosMask)
    }

    /// A unicast route that strict mode would accept if it were the answer.
    private func leadsThroughIngress(_ route: Route) -> Bool {
        route.kind == .unicast && model.uses(route, ingress) && route.nexthops.contains { model.isUsable($0) }
    }

    private func hasNoCarrier(_ nexthop: Nexthop) -> Bool {
        nexthop.isLinkDown || model.link(nexthop.interface)?.hasCarrier == false
    }

    /// A host address, as a balancer's service address on `tunl0`, is no subnet: nobody there waits for replies.
    private func isInSubnet(_ address: IPv4Address, of interface: UInt32) -> Bool {
        model.facts.addresses.contains {
            $0.interface == interface && $0.prefix.length < 32 && $0.prefix.contains(address)
        }
    }

    private func isConnected(_ address: IPv4Address, to interface: UInt32) -> Bool {
        model.facts.addresses.contains { $0.interface == interface && $0.prefix.contains(address) }
    }
}

extension LookupResult {
    fileprivate var isLocal: Bool {
        if case .found(let route) = end { return route.kind == .local }
        return false
    }
}
