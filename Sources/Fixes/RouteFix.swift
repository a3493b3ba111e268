// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Routing

extension Situation {
    /// A route to the sources through the interface their packets come in by.
    var routeToSources: FixCandidate? {
        guard let table = answeringTable else { return nil }
        let way = wayBack
        let prefixes = coveringPrefixes(sources, limit: 4).map { prefix in
            // Sources that have little in common are the rest of the world.
            prefix.length < 8 ? IPv4Prefix.any : prefix
        }
        let routes = Set(prefixes).sorted().map { prefix in
            Route(
                table: table, destination: prefix, scope: way == .onLink ? 253 : 0,
                nexthops: [way.nexthop(on: ingress.index)])
        }
        // The kernel refuses a second route with the same prefix and metric.
        let isTaken = routes.contains { route in
            facts.routes.contains {
                $0.table == route.table && $0.destination == route.destination && $0.tos == 0
                    && $0.metric == route.metric
            }
        }
        guard !routes.isEmpty, !isTaken else { return nil }
        let subject = listing(routes.map { $0.destination.length == 0 ? "everything else" : "\($0.destination)" })
        var effects = ["Whatever this host sends to \(subject) leaves by \(interface)."]
        if way == .unknown { effects.append(placeholderNote) }
        return FixCandidate(
            .route,
            "A route to \(subject) through \(interface), where these packets come in: the reverse lookup then finds it,"
                + " and the check stays as it is.",
            routes.map { .addRoute($0, gatewayUnknown: way == .unknown) }, sideEffects: effects)
    }

    /// The table in which a more specific route would be found: that of the route that answered, else the last one
    /// asked.
    private var answeringTable: UInt32? {
        guard let reverse = trials.lazy.compactMap(\.verdict.reverse).first else { return nil }
        if let route = reverse.route { return route.kind == .unicast || isErrorRoute(route) ? route.table : nil }
        if let vrf = ingress.master.flatMap({ facts.link($0)?.vrfTable }) { return vrf }
        let custom = reverse.tables.filter { $0 != Route.Table.local && $0 != Route.Table.default }
        return custom.contains(Route.Table.main) ? Route.Table.main : custom.last
    }

    func isErrorRoute(_ route: Route) -> Bool {
        [.blackhole, .unreachable, .prohibit, .throw].contains(route.kind)
    }
}

/// At most `limit` prefixes that cover all addresses, as narrow as that allows.
func coveringPrefixes(_ addresses: [IPv4Address], limit: Int) -> [IPv4Prefix] {
    var prefixes = Set(addresses).sorted().map { IPv4Prefix($0, length: 32) }
    while prefixes.count > max(1, limit) {
        // In ascending order the closest pair are neighbours.
        let joined = zip(prefixes, prefixes.dropFirst()).map { $0.common(with: $1) }
        guard let closest = joined.indices.max(by: { joined[$0].length < joined[$1].length }) else { break }
        prefixes.replaceSubrange(closest...closest + 1, with: [joined[closest]])
    }
    return prefixes
}
