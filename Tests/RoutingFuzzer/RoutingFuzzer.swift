// SPDX-License-Identifier: Apache-2.0
import Agreement
import Glibc
import Lab

/// `fuzz-routing [COMPARISONS [SEED]]`: random hosts, and whether the model decides about packets to them as this machine's
/// kernel does. Prints each disagreement as commands to paste, and exits with 1 when there was one.
@main
struct RoutingFuzzer {
    /// Hosts differ more than what more packets to one find out.
    private static let packetsAHost = 50

    static func main() {
        do {
            try fuzz()
        } catch {
            print(error)
            exit(1)
        }
    }

    private static func fuzz() throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let wanted = arguments.first.map { Int($0) } ?? 100_000
        let first = arguments.count > 1 ? arguments[1] : UInt64.random(in: 0..<1 << 32)
        let begin = monotonicSeconds()
        var compared: [Question.Way: Int] = [:]
        var decided: [String: Int] = [:]
        var disagreements = 0
        var seed = first
        while compared.values.reduce(0, +) < wanted {
            let round = try AgreementRound(seed: seed, packets: packetsAHost)
            compared.merge(round.compared) { $0 + $1 }
            decided.merge(round.decided) { $0 + $1 }
            disagreements += round.disagreements.count
            for disagreement in round.disagreements.prefix(1) { print(try disagreement.shrunk().text) }
            for disagreement in round.disagreements.dropFirst() {
                print("seed \(seed) too: \(disagreement.comparison.text)")
            }
            seed += 1
        }
        let ways = Question.Way.allCases.map { "\(compared[$0, default: 0]) by \($0.rawValue)" }
        let counts = decided.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
        print("decisions: \(counts.joined(separator: ", "))")
        print(
            "\(compared.values.reduce(0, +)) comparisons (\(ways.joined(separator: ", "))) about \(seed - first) hosts, "
                + "seeds \(first)..<\(seed), in \(Int(monotonicSeconds() - begin)) s: \(disagreements) disagreements")
        exit(disagreements == 0 ? 0 : 1)
    }
}
