// SPDX-License-Identifier: Apache-2.0
import Attribution
package import Facts
package import Packets
import Routing

/// One fact that by itself decided against the packets: were it another, the kernel's check would accept them all.
///
/// These say why, they are no advice: the narrowest of them may still be the wrong thing to change.
package enum SingleFact: Hashable, Sendable {
    /// The larger of all.rp_filter and the interface's own value, if it were this.
    case mode(Int32)
    /// The route that answered, if it led through the ingress interface.
    case routeThroughIngress(IPv4Prefix, table: UInt32)
    /// A route to the source, if there were one in this table: through any interface, or only through the ingress one.
    case routeToSource(table: UInt32, throughIngress: Bool)
    /// The route that ended the lookup, if it were not there.
    case withoutRoute(IPv4Prefix, kind: Route.Kind, table: UInt32)
    /// The rule that decided, if there were none of its priority.
    case withoutRule(priority: UInt32)
    /// An IPv4 address on the ingress interface, if it had one.
    case interfaceAddress
    /// src_valid_mark, if it were this.
    case sourceValidMark(Bool)
    /// accept_local, if it were on.
    case acceptLocal
    /// route_localnet, if it were on.
    case routeLocalnet
    /// The source, if it were no address of this interface.
    case notOwnAddress(InterfaceName)
    /// Links that are down or without carrier, if they were up.
    case linksUp
}

extension Situation {
    /// The facts that decided, those of the interface first, then of the routing, then of the host.
    var singleFacts: [SingleFact] {
        guard !trials.isEmpty, !isAcceptedAlready else { return [] }
        return configurationFacts + routingFacts
    }

    private var configurationFacts: [SingleFact] {
        var result: [SingleFact] = []
        func passes(_ change: (inout InterfaceConfiguration) -> Void) -> Bool {
            var configuration = effective
            change(&configuration)
            return accepts(baseline, configuration: configuration)
        }
        if effective.rpFilter == 1 && passes({ $0.rpFilter = 2 }) {
            result.append(.mode(2))
        } else if effective.rpFilter != 0 && passes({ $0.rpFilter = 0 }) {
            result.append(.mode(0))
        }
        if !baseline.hasAddress(ingress.index) && accepts(baseline, hasAddress: true) {
            result.append(.interfaceAddress)
        }
        let mark = !effective.srcValidMark
        if trials.contains(where: { $0.packet.mark != 0 }) && passes({ $0.srcValidMark = mark }) {
            result.append(.sourceValidMark(mark))
        }
        if !effective.acceptLocal && passes({ $0.acceptLocal = true }) { result.append(.acceptLocal) }
        if !effective.routeLocalnet && passes({ $0.routeLocalnet = true }) { result.append(.routeLocalnet) }
        return result
    }

    private var routingFacts: [SingleFact] {
        guard let lookup = commonLookup else { return [] }
        var result: [SingleFact] = []
        switch lookup.end {
        case .found(let route) where route.kind == .unicast:
            // Strict mode, or an interface without address: a route that leads through it is always accepted.
            result.append(.routeThroughIngress(route.destination, table: route.table))
        case .found(let route) where route.kind == .local:
            if sources.count == 1, let own = facts.addresses.first(where: { $0.local == sources.first }),
                let link = facts.link(own.interface)
            {
                var state = HostState(facts)
                state.apply([.removeAddress(own)])
                let model = RoutingModel(state.facts, reusing: baseline)
                if accepts(model) { result.append(.notOwnAddress(link.name)) }
            }
        case .nothing:
            let table = lookup.tables.contains(Route.Table.main) ? Route.Table.main : lookup.tables.last
            let isAnyEnough = effective.rpFilter != 1 && baseline.hasAddress(ingress.index)
            if let table { result.append(.routeToSource(table: table, throughIngress: !isAnyEnough)) }
        case .refusedByRoute(let route):
            var copy = facts
            copy.routes.removeAll { $0 == route }
            if accepts(RoutingModel(copy)) {
                result.append(.withoutRoute(route.destination, kind: route.kind, table: route.table))
            }
        case .found, .refusedByRule:
            break
        }
        if let rule = lookup.rule, !rule.isDefault {
            var copy = facts
            copy.rules.removeAll { $0.priority == rule.priority }
            // That rules were ever added stays true when one goes.
            copy.hasCustomRules = true
            if accepts(RoutingModel(copy, reusing: baseline)) {
                result.append(.withoutRule(priority: rule.priority))
            }
        }
        if accepts(baseline.assumingLinksUp()) { result.append(.linksUp) }
        return result
    }

    /// The reverse lookup's answer, when it is one for all packets.
    private var commonLookup: LookupResult? {
        let lookups = Set(trials.map(\.verdict.reverse))
        guard lookups.count == 1, let lookup = lookups.first else { return nil }
        return lookup
    }

    private func accepts(
        _ model: RoutingModel, configuration: InterfaceConfiguration? = nil, hasAddress: Bool? = nil
    ) -> Bool {
        trials.allSatisfy {
            model.validateSource(
                $0.packet, ingress: ingress.index, path: $0.path, configuration: configuration,
                ingressHasAddress: hasAddress
            ).isAccepted
        }
    }
}
