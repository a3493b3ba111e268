// SPDX-License-Identifier: Apache-2.0

/// A scenario whose order of events is the point, so that it is written out as a function.
package struct Procedure: Sendable {
    package let name: String
    package let requirements: [Requirement]
    private let body: @Sendable () throws -> ScenarioResult

    /// `body` returns what was wrong, one sentence each; empty when nothing was.
    package init(
        _ name: String, requires requirements: [Requirement] = [], _ body: @escaping @Sendable () throws -> [String]
    ) {
        self.init(name, requires: requirements) {
            let problems = try body()
            return problems.isEmpty ? .passed : .failed(problems)
        }
    }

    package init(
        _ name: String, requires requirements: [Requirement] = [],
        _ body: @escaping @Sendable () throws -> ScenarioResult
    ) {
        self.name = name
        self.requirements = requirements
        self.body = body
    }

    package func run() -> ScenarioResult {
        do {
            if let unmet = try requirements.firstUnmet() { return unmet }
            return try body()
        } catch {
            return .failed(["\(error)"])
        }
    }
}

extension Procedure: CustomStringConvertible {
    package var description: String { name }
}

extension [Requirement] {
    /// The result of a scenario that needs something this machine may not have; nil when everything is there.
    func firstUnmet() throws -> ScenarioResult? {
        for requirement in self {
            switch try requirement.probe() {
            case .present: continue
            case .absent(let proof): return .skipped("\(requirement.name): \(proof)")
            case .unclear(let reason):
                return .failed(["whether this machine has \(requirement.name) is not clear: \(reason)"])
            }
        }
        return nil
    }
}
