// SPDX-License-Identifier: Apache-2.0
package import Attribution
import Drops
import Facts
import Packets
package import Routing

/// The advice about each finding: made once, and again when the configuration under it changes or other packets join it.
package struct AdviceBook: Sendable {
    private struct Entry {
        var advice: Advice
        /// The packet filter rule that it is about.
        var filterRule: FilterRule?
        /// Distinct packets that it was simulated with.
        var samples: Int
    }

    private var entries: [String: Entry] = [:]

    package init() {}

    /// The advice that stands, made now when there is none.
    package mutating func advice(on finding: Finding, model: RoutingModel?) -> Advice {
        if let entry = entries[finding.id] { return entry.advice }
        return renew(finding, model: model)
    }

    /// True when packets joined the finding that its advice was not made with.
    package func isOutgrown(by finding: Finding) -> Bool {
        entries[finding.id].map { finding.samples.count > $0.samples } ?? false
    }

    /// Makes advice that was given anew; true when the fix is another one.
    package mutating func reconsider(_ finding: Finding, model: RoutingModel?) -> Bool {
        guard let model, let former = entries[finding.id]?.advice else { return false }
        // When a change already lets the packets in, the advice that led to it still stands.
        // A packet filter's rule is not part of that check.
        let isAnotherRule = finding.attribution.filterRule != entries[finding.id]?.filterRule
        guard isAnotherRule || !finding.samples.allSatisfy({ model.accepts($0.drop) }) else { return false }
        return renew(finding, model: model).fix.commands != former.fix.commands
    }

    private mutating func renew(_ finding: Finding, model: RoutingModel?) -> Advice {
        let advice = advise(on: finding, model: model)
        entries[finding.id] = Entry(
            advice: advice, filterRule: finding.attribution.filterRule, samples: finding.samples.count)
        return advice
    }
}

extension RoutingModel {
    /// Whether this packet's source would be accepted by the configuration of the snapshot.
    fileprivate func accepts(_ drop: DropEvent) -> Bool {
        drop.packet.isIPv6 || validateSource(drop.packet, ingress: drop.key.interfaceIndex).isAccepted
    }
}
