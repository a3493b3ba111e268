// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Lab
package import Routing

/// The kernel's answer to a question beside the model's.
package struct Comparison: Sendable {
    package let question: Question
    package let answer: KernelAnswer
    /// The model's verdict first, then those that the kernel may as well come to.
    package let verdicts: [Verdict]

    package var agrees: Bool { verdicts.contains { agrees($0) } }

    /// Both sides in one sentence.
    package var text: String {
        let verdict = verdicts[0]
        var words = "\(question.text): the model says \(verdict.decision) by \(verdict.path) in mode \(verdict.mode)"
        if let reverse = verdict.reverse {
            words += ", reverse lookup \(reverse.end) by rule \(reverse.rule.map { "\($0.priority)" } ?? "none")"
        }
        return words + "; the kernel: \(answer)"
    }

    private func agrees(_ verdict: Verdict) -> Bool {
        switch answer {
        case .route(let answer): Self.agrees(verdict, with: answer)
        case .wire(let answer): Self.agrees(verdict, with: answer)
        case .arp(let isAnswered): isAnswered == (verdict.decision == .accept && verdict.path == .arp)
        }
    }

    /// A blackhole on the way to the destination answers like a refusal; up to the kernels that have a drop reason for
    /// every refusal, rp_filter has an error of its own.
    private static func agrees(_ verdict: Verdict, with answer: ReversePathOracle.Answer) -> Bool {
        switch verdict.decision {
        case .accept:
            switch (verdict.path, answer) {
            case (.input, .accepted(.local, _)), (.arp, .accepted(.local, _)): true
            case (.broadcast, .accepted(.broadcast, _)): true
            case (.multicast, .accepted(.multicast, _)): true
            case (.forward(let interface), .accepted(.unicast, let output)): interface == output
            case (.forward, .accepted(.broadcast, _)): true
            default: false
            }
        case .refuse(.wrongInterface), .refuse(.noRoute), .refuse(.noAddress):
            answer == (Sight.kernel.1 ? .refused : .reversePathFilter)
        case .refuse: answer == .refused
        case .notEvaluated(.forwardingOff): answer == .notForwarded
        case .notEvaluated(.noRouteToDestination): [.noRoute, .notForwarded, .refused].contains(answer)
        case .notEvaluated(.badDestination), .notEvaluated(.groupNotJoined): answer == .refused
        }
    }

    private static func agrees(_ verdict: Verdict, with answer: WireAnswer) -> Bool {
        switch verdict.decision {
        case .accept:
            if case .forward = verdict.path { answer == .forwarded } else { answer == .delivered }
        case .refuse(.wrongInterface), .refuse(.noRoute), .refuse(.noAddress): answer == .reversePathFilter
        case .refuse: answer == .dropped
        case .notEvaluated(.forwardingOff): answer == .notForHost
        case .notEvaluated(.noRouteToDestination): answer == .noRoute || answer == .dropped
        case .notEvaluated(.badDestination), .notEvaluated(.groupNotJoined): answer == .dropped
        }
    }

    /// A word for the decision, the same for all of its kind.
    package var word: String {
        switch verdicts[0].decision {
        case .accept: "accept"
        case .refuse(let refusal): "\(refusal)"
        case .notEvaluated(.forwardingOff): "forwardingOff"
        case .notEvaluated(.noRouteToDestination): "noRouteToDestination"
        case .notEvaluated(.badDestination): "badDestination"
        case .notEvaluated(.groupNotJoined): "groupNotJoined"
        }
    }
}
