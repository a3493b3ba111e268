// SPDX-License-Identifier: Apache-2.0
import Agreement
import Lab

/// Random hosts about which the model has to say what this kernel says.
enum RandomHosts {
    static let name = "random hosts: the model decides about packets as the kernel does"

    static func run(_ count: UInt64, _ record: Record) -> ScenarioResult {
        var decided: [String: Int] = [:]
        var comparisons = 0
        var problems: [String] = []
        for seed in 0..<count {
            do {
                let round = try AgreementRound(seed: seed, packets: 60)
                decided.merge(round.decided) { $0 + $1 }
                comparisons += round.comparisons
                problems += round.disagreements.map(\.text)
            } catch {
                problems.append("seed \(seed): \(error)")
            }
        }
        for word in AgreementRound.ends where decided[word, default: 0] == 0 {
            problems.append("no packet with the answer \(word): \(decided)")
        }
        record.write(["compared", "\(comparisons)", "\(problems.count)"])
        return problems.isEmpty ? .passed : .failed(problems)
    }
}
