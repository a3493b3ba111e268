// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Routing

/// A candidate with the outcome of its simulation.
struct Assessment {
    let candidate: FixCandidate
    let simulation: Simulation
    /// Nil when a command cannot be written.
    let fix: Fix?
    /// It would work, or would once its placeholder is filled in or others have noticed.
    let isUsable: Bool
    let isRecommended: Bool

    init(_ candidate: FixCandidate, in situation: Situation) {
        self.candidate = candidate
        simulation = Simulation(candidate.changes, in: situation, arrivesOn: candidate.arrivesOn)
        fix = Self.fix(candidate, simulation, situation)
        isUsable = simulation.acceptsAll && fix != nil
        isRecommended = isUsable && situation.isRecommendable(candidate)
    }

    private static func fix(_ candidate: FixCandidate, _ simulation: Simulation, _ situation: Situation) -> Fix? {
        let pairs = candidate.changes.compactMap { $0.commands(in: situation.context, facts: situation.facts) }
        guard pairs.count == candidate.changes.count else { return nil }
        let network = PersistentNetwork(candidate.changes, in: situation)
        let sysctls = network == nil ? PersistentFile(for: candidate.changes, in: situation) : nil
        let persist = network.map(\.file) ?? sysctls?.file
        let changes = candidate.changes.compactMap { $0.hostChange(facts: situation.facts) }
        let predicted: Prediction =
            if candidate.isIncomplete || candidate.isUncertain || simulation.tried == 0 {
                .unknown
            } else {
                simulation.acceptsAll ? .accept : .drop
            }
        let objections = situation.objections(
            to: candidate.changes, isPersistent: persist != nil, network: network)
        return Fix(
            id: candidate.id, summary: candidate.summary + objections.remark, commands: pairs.map(\.apply),
            revert: pairs.reversed().map(\.revert),
            changes: changes.count == candidate.changes.count ? changes : [], persist: persist, predicted: predicted,
            admits: simulation.admission(of: situation.finding.detailed), widens: simulation.widens,
            sideEffects: candidate.sideEffects + situation.suspectNote + situation.traces(of: candidate.changes)
                + situation.deadRouteNote
                + situation.overwriteNotes(on: candidate.changes, isPersistent: persist != nil)
                + (network?.notes ?? sysctls?.notes ?? Persistence.notes(for: candidate.changes, in: situation))
                + objections.map(\.sentence),
            incomplete: candidate.isIncomplete)
    }
}

extension Situation {
    /// The route that answers is dead, and one that the kernel could take instead would be accepted: no fix of ours,
    /// but the narrowest remedy.
    var deadRouteNote: [String] {
        guard factors.contains(.nexthopDown), let other = reverseInterface, other.index != ingress.index else {
            return []
        }
        let change = Change.set(.interface(other.index), .ignoreRoutesWithLinkdown, 1)
        guard Simulation([change], in: self).acceptsAll,
            let command = change.commands(in: context, facts: facts)?.apply
        else { return [] }
        return [
            "The route that answers leads out of \(other.name.display), which has no carrier: `\(command)` makes the"
                + " kernel pass over it, and is enough by itself."
        ]
    }

    /// What the changes leave behind even after their revert, and what else they touch.
    func traces(of changes: [Change]) -> [String] {
        var sentences: [String] = []
        let addsRule = changes.contains { if case .addRule = $0 { true } else { false } }
        if addsRule && facts.hasCustomRules != true {
            sentences.append(
                "The namespace counts as having custom rules from then on, also after the revert: where rp_filter is 0,"
                    + " sources are then looked up too, and a broadcast address as source is refused.")
        }
        let settled = changes.compactMap { change -> UInt32? in
            switch change {
            case .sysctl(let setting):
                guard case .interface(let index) = setting.scope else { return nil }
                return HostState.possibleFollowers(of: setting.key, in: facts).contains(index) ? index : nil
            case .addAddress(let address):
                return facts.addresses(on: address.interface).isEmpty ? address.interface : nil
            case .removeAddress, .addRule, .addRoute, .exemptFromFilter: return nil
            }
        }
        let names = Set(settled).sorted().compactMap { facts.link($0)?.name.display }
        if !names.isEmpty {
            let (verb, pronoun) = names.count == 1 ? ("follows", "it") : ("follow", "them")
            sentences.append(
                "\(listing(names)) no longer \(verb) net.ipv4.conf.default afterwards, not even after the revert, if"
                    + " nothing had set \(pronoun) before.")
        }
        if finding.attribution.path == .arp {
            sentences.append(
                "The kernel does not answer these ARP requests, so no IP packet comes this way until that is fixed.")
        }
        return sentences
    }
}
