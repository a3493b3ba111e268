// SPDX-License-Identifier: Apache-2.0
import Agreement
import Testing

/// Random hosts, random packets: the model has to decide as this machine's kernel does. `make fuzz-routing` asks more.
@Suite struct AgreementTests {
    @Test func theModelDecidesAsThisKernelDoes() throws {
        let decided = try compare(2_000, fromSeed: 1)
        for word in AgreementRound.ends {
            #expect(decided[word, default: 0] > 0, "no packet with the answer \(word): \(decided)")
        }
    }

    @Test func theModelDecidesAsThisKernelDoesAboutHostsThatNobodyHasSeen() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("The fresh hosts begin with seed \(seed).")
        _ = try compare(500, fromSeed: seed)
    }

    /// Asks about hosts of one seed after another until there are `count` comparisons; how often the model came to each
    /// decision.
    private func compare(_ count: Int, fromSeed first: UInt64) throws -> [String: Int] {
        var decided: [String: Int] = [:]
        var compared = 0
        var seed = first
        while compared < count {
            let round = try AgreementRound(seed: seed, packets: 40)
            compared += round.comparisons
            decided.merge(round.decided) { $0 + $1 }
            for (number, disagreement) in round.disagreements.enumerated() {
                let shown = number == 0 ? try disagreement.shrunk() : disagreement
                Issue.record("\(shown.text)")
            }
            seed += 1
        }
        return decided
    }
}
