// SPDX-License-Identifier: Apache-2.0
import Lab

/// What `rpfwatch doctor` says about the tiers: it has to be what is found by using them.
struct DoctorsWord {
    private let answer: JSONValue?

    static let thisMachine = Self()

    private init() {
        answer = (try? RpfwatchProcess.run(["doctor", "--json"], within: 120))?.events?.first?["rpf.doctor"]
    }

    /// What differs from what was found.
    func problems(with use: TierUse, of tier: String) -> [String] {
        guard let answer, let tiers = answer["tiers"]?.array else { return ["doctor does not say which tiers it has"] }
        switch use {
        case .failed: return []
        case .refused(let sentence):
            let entry = tiers.first { $0["tier"] == .string(tier) }
            guard entry?["usable"] == false, let reason = entry?["reason"]?.string else {
                return ["doctor says \(entry ?? .null) of tier \(tier), which is refused: \(sentence)"]
            }
            return sentence.contains(reason) ? [] : ["doctor gives another reason than “\(sentence)”: \(reason)"]
        case .used(let used, let blindSpots):
            let entry = tiers.first { $0["tier"] == .string(used) }
            var problems: [String] = []
            if entry?["usable"] != true {
                problems.append("doctor says \(entry ?? .null) of tier \(used), which works")
            }
            if tier == "auto" && answer["tier"] != .string(used) {
                problems.append("doctor would use \(answer["tier"] ?? .null), and auto takes \(used)")
            }
            let spots = JSONValue.array(blindSpots.map { .string($0) })
            if entry?["blind"] != spots {
                problems.append("doctor says \(used) is blind for \(entry?["blind"] ?? .null), and start says \(spots)")
            }
            return problems
        }
    }
}
