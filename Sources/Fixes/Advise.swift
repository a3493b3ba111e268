// SPDX-License-Identifier: Apache-2.0
package import Attribution
import Facts
import Packets
package import Routing

/// What to do about a finding: the narrowest fix, what else would work, and the copied recipes that would not.
///
/// Every fix is tried first: its changes are made to a copy of the namespace's facts, and the kernel's check is
/// simulated there for the drops that were kept. `model` is the namespace as it is now; nil when it could not be read.
package func advise(on finding: Finding, model: RoutingModel?) -> Advice {
    func nothing(_ reason: String, _ predicted: Prediction) -> Fix {
        Fix(
            id: .none, summary: reason, predicted: predicted,
            admits: Fix.Admission(packets: 0, of: finding.detailed))
    }
    guard let model else { return Advice(fix: nothing(NoFix.noModel, .unknown)) }
    guard let cause = finding.attribution.cause else { return Advice(fix: nothing(NoFix.unknownCause, .unknown)) }
    guard let ingress = model.facts.link(finding.interfaceIndex) else {
        return Advice(fix: nothing(NoFix.interfaceGone, .unknown))
    }
    let known = finding.namespace.inode == model.facts.namespace.inode ? model.facts.namespace : finding.namespace
    guard let context = CommandContext(finding.namespace) ?? CommandContext(known) else {
        return Advice(fix: nothing(NoFix.unreachable, .unknown))
    }
    let situation = Situation(finding, ingress: ingress, context: context, model: model)
    let reason = situation.reasonAgainstFix
    if reason == nil || cause.isAttributed {
        guard !situation.trials.isEmpty else { return Advice(fix: nothing(NoFix.noDetail, .unknown)) }
    }
    if cause != .netfilter && reason == nil && situation.isAcceptedAlready {
        return Advice(fix: situation.persistValue ?? nothing(NoFix.accepted, .unknown))
    }

    let assessed = situation.ladder.map { Assessment($0, in: situation) }
    let chosen = reason == nil ? assessed.first(where: \.isRecommended) : nil
    let fix = chosen?.fix ?? nothing(reason ?? situation.reasonForNoUsableFix, .drop)
    let alternatives = assessed.filter { $0.isUsable && $0.candidate.changes != chosen?.candidate.changes }
    return Advice(
        fix: fix, alternatives: alternatives.compactMap(\.fix),
        rejected: situation.rejectedRecipes(recommended: chosen),
        singleFacts: cause == .netfilter ? [] : situation.singleFacts)
}
