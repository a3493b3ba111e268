// SPDX-License-Identifier: Apache-2.0
import Fixes
import Packets
import Testing

/// A problem and what has to be said about it, word for word where somebody would paste it.
struct AdviceCase: CustomTestStringConvertible, Sendable {
    var name: String
    var problem: @Sendable () -> Problem
    var id: FixID
    var commands: [String]
    var revert: [String]
    var predicted: Prediction
    /// `interface before>after`.
    var widens: [String]
    var alternatives: [FixID]
    /// Beginnings of recipes, with a part of the reason.
    var rejected: [(recipe: String, reason: String)]
    /// A part of the summary or of a side effect.
    var says: [String]

    init(
        _ name: String, _ problem: @autoclosure @escaping @Sendable () -> Problem, _ id: FixID,
        _ commands: [String] = [],
        revert: [String] = [], predicted: Prediction = .accept, widens: [String] = [], alternatives: [FixID] = [],
        rejected: [(recipe: String, reason: String)] = [], says: [String] = []
    ) {
        self.name = name
        self.problem = problem
        self.id = id
        self.commands = commands
        self.revert = revert
        self.predicted = predicted
        self.widens = widens
        self.alternatives = alternatives
        self.rejected = rejected
        self.says = says
    }

    var testDescription: String { name }

    static let all: [Self] = modeCases + routeCases + markCases + proxyCases + sourceCases + filterCases
}

extension Fix {
    var widensText: [String] { widens.map { "\($0.interface.display) \($0.before)>\($0.after)" } }
    var sentences: [String] { [summary] + sideEffects }
}
