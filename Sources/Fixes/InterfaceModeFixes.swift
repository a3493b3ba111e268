// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

extension Situation {
    /// Loose mode on the ingress interface: 2 wins over `all` at 0 or 1 by the rule of the maximum.
    var looseInterface: FixCandidate? {
        guard isStrict else { return nil }
        let exit = reverseRoute?.kind == .unicast ? reverseInterface.map { ", by \($0.name.display)" } ?? "" : ""
        var effects = ["This changes only the check: replies leave as before\(exit)."]
        if factors.contains(.replyPathBroken) {
            effects = [
                "The requests get in and the replies are still lost: the way back is broken, and this changes only the"
                    + " check. A route or rule is needed as well."
            ]
        }
        return FixCandidate(
            .interfaceLoose,
            "Loose mode (2) on \(interface) alone: the source then only has to be reachable through some interface, and"
                + " it is.",
            [.set(.interface(ingress.index), .rpFilter, 2)], sideEffects: effects)
    }

    /// No check on the ingress interface and the same check as before on every other: `all` is a floor, so it is first
    /// written down as each interface's own value and then lowered.
    var interfaceOff: FixCandidate? {
        guard effective.rpFilter != 0 else { return nil }
        let changes = pushDown + [.set(.interface(ingress.index), .rpFilter, 0)]
        let floor =
            all.rpFilter == 0
            ? "" : " Every other interface gets the floor that all=\(all.rpFilter) is for it now as its own value."
        return FixCandidate(
            .interfaceOff, "No reverse path check on \(interface) alone.\(floor)", changes,
            sideEffects: ["Any source is accepted on \(interface), except this host's own addresses."])
    }

    /// `all` lowered to 0 without any interface but the ingress one noticing.
    private var pushDown: [Change] {
        let floor = all.rpFilter
        guard floor != 0 else { return [] }
        let configuration = facts.configuration
        let others = facts.links.map(\.index).filter { $0 != ingress.index }.sorted()
        // The interfaces first: what was written no longer follows `default`.
        return others.map { .set(.interface($0), .rpFilter, max(configuration.own($0).rpFilter, floor)) }
            + [.set(.default, .rpFilter, max(configuration.default.rpFilter, floor)), .set(.all, .rpFilter, 0)]
    }

    /// The two fixes that change more than one interface; offered last, with the list of what they change.
    var allInterfaces: [FixCandidate] {
        let others = facts.links.filter { $0.index != ingress.index }.sorted { $0.index < $1.index }
        let unchecked = names(others.filter { facts.configuration.effective($0.index).rpFilter == 0 })
        let loose = FixCandidate(
            .allLoose, "Loose mode as the floor for every interface.", [.set(.all, .rpFilter, 2)],
            sideEffects: [
                unchecked.map {
                    "Turns the check on for \($0), where there is none now, and for interfaces created later."
                }
                    ?? "No interface can be strict any more, also none of those created later."
            ])
        guard all.rpFilter != 0 else { return [loose] }
        let floored = names(others.filter { facts.configuration.own($0.index).rpFilter == 0 })
        let off = FixCandidate(
            .allOff, "No floor for any interface, and no check on \(interface).",
            [.set(.all, .rpFilter, 0), .set(.interface(ingress.index), .rpFilter, 0)],
            sideEffects: [
                floored.map { "Turns the check off for \($0) too, where it comes from all=\(all.rpFilter)." }
                    ?? "Every other interface is left with its own value alone."
            ])
        return [loose, off]
    }

    /// All of them by name: whoever runs the commands has to know. Nil when there are none.
    private func names(_ links: [Link]) -> String? {
        links.isEmpty ? nil : listing(links.map(\.name.display), limit: links.count)
    }
}
