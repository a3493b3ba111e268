// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
import Packets
package import Routing
package import Settings

/// Judges one drop: whose doing it was, what the kernel's check found, and which facts change the advice.
///
/// - `model`: a snapshot of the namespace that dropped; nil when it is gone or cannot be entered.
/// - `lastChange`: when a route, rule, address or link of that namespace was last seen to change, in nanoseconds of
///   CLOCK_MONOTONIC; nil when none was.
/// - `namespace`: which namespace dropped, for when there is no model.
/// - `ownership`: who set the values of that namespace; nil to work it out from the model.
/// - `routes`: of an IPv6 packet, which the model knows nothing of; nil when they could not be asked for.
///
/// What the kernel recorded always wins over the simulation. From the facts read at the drop follows which causes are
/// possible; when only one is, it is observed. Otherwise the simulated check chooses. When the simulation contradicts the
/// kernel (it accepts, or refuses for a reason that is not possible), the snapshot is not what the kernel saw: the cause
/// is nil if several are possible, nothing that rests on routes is said, and the inference counts as raced.
package func attribute(
    _ drop: DropEvent, model: RoutingModel?, lastChange: UInt64?, namespace: NamespaceIdentity? = nil,
    ownership: Ownership? = nil, routes: IPv6Routes? = nil
) -> DropAttribution {
    if drop.packet.isIPv6 { return attributeIPv6(drop, model, namespace, routes) }
    let situation = model.map { Situation(drop, model: $0) }
    let facts = DropFacts(
        drop, namespace: model?.facts.namespace ?? namespace,
        isOverwritten: model.map { isOverwritten(drop, $0.facts, ownership ?? Ownership($0.facts)) } ?? false,
        settingChanges: model?.facts.settingChanges ?? [])
    switch drop.key.outcome {
    case .reversePathFilter:
        return attributeReversePathFilter(facts, situation, lastChange)
    case .localSource:
        return attributeLookAlike(.localSource, .observed, facts, situation, lastChange)
    case .invalidSource:
        return attributeLookAlike(.invalidSource, .observed, facts, situation, lastChange)
    case .localnet:
        return attributeLookAlike(.localnet, .observed, facts, situation, lastChange)
    case .martian:
        return attributeMartian(facts, situation, lastChange)
    case .netfilter:
        return attributeNetfilter(facts, situation)
    case .other:
        return DropAttribution(
            attributed: false, cause: .other, certainty: Certainty(attributed: facts.basis, cause: .observed),
            path: drop.path ?? drop.key.path)
    }
}

/// Whether the mode that dropped is another than the files of the host make it.
private func isOverwritten(_ drop: DropEvent, _ facts: NetworkFacts, _ ownership: Ownership) -> Bool {
    let index = drop.key.interfaceIndex
    guard drop.key.outcome == .reversePathFilter, let name = facts.link(index)?.name else { return false }
    return ownership.isOverwritten(
        .rpFilter, of: name, all: drop.sysctls?.rpFilterAll ?? facts.configuration.all.rpFilter,
        own: drop.sysctls?.rpFilterInterface ?? facts.configuration.own(index).rpFilter)
}

private func attributeReversePathFilter(
    _ facts: DropFacts, _ situation: Situation?, _ lastChange: UInt64?
) -> DropAttribution {
    let possible = facts.possibleCauses
    let simulated = situation?.verdict.cause
    let agrees = simulated.map { possible.contains($0) } ?? false
    let isDecided = possible.count == 1
    let cause = agrees && !isDecided ? simulated : isDecided ? possible.first : nil
    return DropAttribution(
        attributed: true, cause: cause, factors: factors(facts, agrees ? situation : nil),
        certainty: Certainty(attributed: facts.basis, cause: isDecided ? .observed : .inferred),
        inferredFrom: isDecided ? nil : inference(facts, situation, agrees: agrees, lastChange),
        path: path(facts, situation), reverse: agrees ? situation?.reverse : nil)
}

/// A refusal of the source that is not rp_filter's, with its cause known.
private func attributeLookAlike(
    _ cause: Cause, _ basis: Basis, _ facts: DropFacts, _ situation: Situation?, _ lastChange: UInt64?
) -> DropAttribution {
    let agrees = situation?.verdict.cause == cause
    return DropAttribution(
        attributed: false, cause: cause, factors: factors(facts, agrees ? situation : nil),
        certainty: Certainty(attributed: facts.basis, cause: basis),
        inferredFrom: basis == .observed ? nil : inference(facts, situation, agrees: agrees, lastChange),
        path: path(facts, situation), reverse: agrees ? situation?.reverse : nil)
}

/// Before 6.13 the kernel returns one value for all refusals but rp_filter's. An address that is martian by itself
/// decides; else the simulation does; where neither can, the cause stays `other` with the kernel's own name.
private func attributeMartian(_ facts: DropFacts, _ situation: Situation?, _ lastChange: UInt64?) -> DropAttribution {
    let source = facts.drop.packet.source
    if source.isMulticast || source.isLimitedBroadcast || source.isUnspecified {
        return attributeLookAlike(.invalidSource, .observed, facts, situation, lastChange)
    }
    if let cause = situation?.verdict.cause, !cause.isAttributed {
        return attributeLookAlike(cause, .inferred, facts, situation, lastChange)
    }
    return DropAttribution(
        attributed: false, cause: .other, certainty: Certainty(attributed: facts.basis, cause: .inferred),
        inferredFrom: inference(facts, situation, agrees: false, lastChange), path: path(facts, situation))
}

/// Neither the sysctls nor the kernel's own reverse lookup had a part in it: of the factors only those that describe where
/// the packet came in and what it was are told.
private func attributeNetfilter(_ facts: DropFacts, _ situation: Situation?) -> DropAttribution {
    let path = path(facts, situation)
    let suspects = situation.map { FilterSuspects($0.drop, model: $0.model, path: path) }
    return DropAttribution(
        attributed: false, cause: .netfilter,
        factors: factors(facts, situation, among: [.dnat, .decapsulated, .vrf, .otherNetns, .spoofSuspected]),
        certainty: Certainty(attributed: facts.basis, cause: .observed), path: path, filterRule: suspects?.rule,
        filterSuspects: suspects?.others ?? [])
}

/// The kernel itself never refuses an IPv6 packet for its source: what is recorded of them is netfilter's doing, and no
/// check of the kernel's can be simulated.
private func attributeIPv6(
    _ drop: DropEvent, _ model: RoutingModel?, _ namespace: NamespaceIdentity?, _ routes: IPv6Routes?
) -> DropAttribution {
    let facts = DropFacts(drop, namespace: model?.facts.namespace ?? namespace)
    var path = facts.path
    switch routes?.forth.kind {
    case .local?: path = path ?? .input
    case .unicast?: path = path ?? .forward
    default: break
    }
    let suspects = model.map { FilterSuspects(drop, model: $0, path: path, routes: routes) }
    return DropAttribution(
        attributed: false, cause: drop.key.outcome == .netfilter ? .netfilter : .other,
        factors: factors(facts, nil, among: [.dnat, .decapsulated, .vrf, .otherNetns]),
        certainty: Certainty(attributed: facts.basis, cause: .observed), path: path, filterRule: suspects?.rule,
        filterSuspects: suspects?.others ?? [])
}

/// The way the packet was going: as the kernel said, else as the simulated check came to it, else by the address.
private func path(_ facts: DropFacts, _ situation: Situation?) -> PacketPath? {
    if let known = facts.path { return known }
    if let simulated = situation?.path { return simulated }
    if facts.drop.packet.destination.isMulticast { return .multicast }
    return facts.drop.packet.destination.isLimitedBroadcast ? .broadcast : nil
}

/// What an inferred cause rests on; nil without a snapshot.
///
/// A change counts as a race when it came after the earlier of drop and snapshot: then it may lie between the two. Of
/// several changes only the last is known, so a later one does not prove that there was none before.
private func inference(
    _ facts: DropFacts, _ situation: Situation?, agrees: Bool, _ lastChange: UInt64?
) -> InferenceSource? {
    guard let situation else { return nil }
    let snapshot = situation.model.facts.time
    let changed = lastChange.map { $0 > min(snapshot, facts.drop.time) } ?? false
    return InferenceSource(snapshotTime: snapshot, raced: changed || !agrees)
}
