// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts

extension Situation {
    /// The fixes worth trying for the finding's cause, the narrowest first: the first that the simulation accepts is
    /// recommended, the others that work are its alternatives.
    var ladder: [FixCandidate] {
        let isBroken = factors.contains(.replyPathBroken)
        let candidates: [FixCandidate?] =
            switch finding.attribution.cause {
            case .wrongInterface where isBroken:
                // Letting the request in is of no use while the reply is lost.
                markFixes + [policyRules, routeToSources, looseInterface, arpPerInterface]
            case .wrongInterface:
                markFixes + [looseInterface, policyRules, routeToSources, arpPerInterface]
            case .noRoute:
                // A route that the mark would find is there already.
                markFixes + [routeToSources, interfaceOff]
            case .noAddress:
                [addressOnInterface, routeToSources, interfaceOff]
            case .localSource where factors.contains(.fwmarkHitsLocal):
                [ignoreMark, acceptLocal]
            case .localSource where isLocalSourceMeant:
                [acceptLocal, removeSourceAddress]
            case .localSource:
                // An alternative to removing a service address only; by itself it would open the host to forged
                // sources.
                removeSourceAddress.map { [$0, acceptLocal] } ?? []
            case .netfilter:
                filterExemptions
            case .invalidSource, .localnet, .other, nil:
                []
            }
        let isAttributed = finding.attribution.cause?.isAttributed ?? false
        return (candidates + (isAttributed ? allInterfaces : [])).compactMap { candidate in
            candidate?.withoutNoOperations(on: facts)
        }
    }

    /// A mark that is ignored and should count, or counts and should not.
    private var markFixes: [FixCandidate?] { [countMark, ignoreMark] }

    /// What may be recommended: the fixes for every interface never are, an incomplete one only where nothing but a
    /// route can help, and one that waits for others does not fix it now.
    func isRecommendable(_ candidate: FixCandidate) -> Bool {
        guard !candidate.isRisky else { return false }
        return switch candidate.id {
        case .allLoose, .allOff: false
        case .interfaceOff: finding.attribution.cause != .noRoute
        case .route: !candidate.isIncomplete || finding.attribution.cause == .noRoute
        default: !candidate.isIncomplete && !candidate.isUncertain
        }
    }
}
