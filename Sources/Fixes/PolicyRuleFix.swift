// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Routing

extension Situation {
    /// Replies go back the way the requests came: rules that match the reverse lookup (and the replies themselves) lead
    /// to a table with a route through the ingress interface. The lasting answer; the check stays strict.
    var policyRules: FixCandidate? {
        // Multicast and broadcast are looked up with source 0.0.0.0: no rule can tell them apart.
        guard !isWithoutReverseSource, let selectors = reverseSelectors,
            let decided = trials.lazy.compactMap(\.verdict.reverse?.rule?.priority).first,
            let priority = facts.freePriority(before: decided)
        else { return nil }
        if let table = tableThatKnowsTheWay(selectors, priority) {
            return candidate(selectors, priority, table: table, routes: [], isKnown: true)
        }
        let table = facts.freeTable
        return candidate(
            selectors, priority, table: table, routes: wayBackRoutes(table: table, for: selectors),
            isKnown: wayBack != .unknown)
    }

    private func candidate(
        _ selectors: [ReverseSelector], _ priority: UInt32, table: UInt32, routes: [Route], isKnown: Bool
    ) -> FixCandidate {
        let rules = selectors.map { $0.rule(priority: priority, table: table) }
        let changes: [Change] =
            routes.map { .addRoute($0, gatewayUnknown: !isKnown && $0.destination.length == 0) }
            + rules.map { .addRule($0) }
        var effects = ["New connections that match the rule leave by \(interface) as well."]
        if !isKnown { effects.append(placeholderNote) }
        if routes.isEmpty { effects.append("Table \(table) exists already and leads through \(interface).") }
        effects += newlyRefusedNeighbors(changes)
        let subject = selectors.map(\.description).joined(separator: ", ")
        return FixCandidate(
            .policyRule,
            "Send what goes \(subject) out by \(interface), where the requests come in: request and reply then take the"
                + " same way, and the check stays as it is.",
            changes, sideEffects: effects)
    }

    var placeholderNote: String {
        "Put the address of the router on \(interface) where GATEWAY stands; nothing on this host tells it."
    }

    /// What tells the affected reverse lookups from others. Nil when there are too many destinations for rules.
    private var reverseSelectors: [ReverseSelector]? {
        var selectors: Set<ReverseSelector> = []
        for trial in trials {
            var output: InterfaceName?
            if case .forward(let index) = trial.verdict.path {
                guard let link = facts.link(index) else { return nil }
                output = link.name
            }
            // An address of the ingress interface belongs to that interface for everybody; for any other the rule is
            // kept to the sources that come in here, so that those who come in elsewhere are still answered there.
            let isHere = ownsAddress(trial.packet.destination, on: ingress.index)
            selectors.insert(
                ReverseSelector(
                    destination: trial.packet.destination, sources: isHere ? nil : narrowSourcePrefix,
                    outputInterface: output))
        }
        return (1...8).contains(selectors.count) ? selectors.sorted() : nil
    }

    /// The prefix of the route that answers now, when it is not the default route.
    private var narrowSourcePrefix: IPv4Prefix? {
        reverseRoute.flatMap { $0.destination.length == 0 ? nil : $0.destination }
    }

    /// An existing table of its own that already leads back through the ingress interface.
    private func tableThatKnowsTheWay(_ selectors: [ReverseSelector], _ priority: UInt32) -> UInt32? {
        let known = [Route.Table.default, Route.Table.main, Route.Table.local] + facts.links.compactMap(\.vrfTable)
        let tables = Set(
            facts.routes.filter { route in route.nexthops.contains { $0.interface == ingress.index } }.map(\.table))
        return tables.subtracting(known).sorted().first { table in
            Simulation(selectors.map { .addRule($0.rule(priority: priority, table: table)) }, in: self).acceptsAll
        }
    }

    /// A table with one way out, the ingress interface: its connected prefixes and a default route, or only the
    /// sources' own prefixes when they are neighbours.
    private func wayBackRoutes(table: UInt32, for selectors: [ReverseSelector]) -> [Route] {
        let connected = connectedPrefixes(on: ingress.index).filter { prefix in
            selectors.contains { $0.sources?.contains(prefix) ?? true }
        }
        let way = wayBack
        if way == .onLink && !connected.isEmpty
            && sources.allSatisfy({ source in connected.contains { $0.contains(source) } })
        {
            let needed = connected.filter { prefix in sources.contains { prefix.contains($0) } }
            return needed.map { connectedRoute($0, table: table) }
        }
        let neighbors = way == .onLink ? [] : connected.map { connectedRoute($0, table: table) }
        return neighbors + [
            Route(
                table: table, destination: .any, scope: way == .onLink ? 253 : 0,
                nexthops: [way.nexthop(on: ingress.index)])
        ]
    }

    private func connectedRoute(_ prefix: IPv4Prefix, table: UInt32) -> Route {
        Route(table: table, destination: prefix, scope: 253, nexthops: [Nexthop(interface: ingress.index)])
    }

    /// Neighbours on other interfaces whose packets to the same destinations would be refused by the change.
    private func newlyRefusedNeighbors(_ changes: [Change]) -> [String] {
        let after = Simulation(changes, in: self)
        var names: [String] = []
        for link in facts.links where link.index != ingress.index && !link.isLoopback && link.isUp {
            let probes = connectedPrefixes(on: link.index).filter { $0.length < 31 }.compactMap { prefix in
                (1...4).map { IPv4Address(rawValue: prefix.address.rawValue + $0) }
                    .first { address in !facts.addresses.contains { $0.local == address } && prefix.contains(address) }
            }
            let isRefused = probes.contains { probe in
                destinations.contains { destination in
                    let packet = Packet(source: probe, destination: destination)
                    return baseline.validateSource(packet, ingress: link.index).isAccepted
                        && !after.accepts(packet, on: link.index)
                }
            }
            if isRefused { names.append(link.name.display) }
        }
        guard !names.isEmpty else { return [] }
        return ["Neighbours on \(listing(names)) that use the same address would no longer pass the check there."]
    }
}

/// The part of a reverse lookup's key that rules can match: source and destination are swapped, and the input interface
/// is the one the packet is forwarded to.
private struct ReverseSelector: Hashable, Comparable, CustomStringConvertible {
    var destination: IPv4Address
    var sources: IPv4Prefix?
    var outputInterface: InterfaceName?

    func rule(priority: UInt32, table: UInt32) -> Rule {
        Rule(
            priority: priority, from: IPv4Prefix(destination, length: 32), to: sources, inputInterface: outputInterface,
            action: .lookup(table: table))
    }

    var description: String { sources.map { "from \(destination) to \($0)" } ?? "from \(destination)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.destination, left.description) < (right.destination, right.description)
    }
}
