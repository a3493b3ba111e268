// SPDX-License-Identifier: Apache-2.0
import Agreement
import Glibc
import Testing

/// Random hosts, random packets: the model has to decide as this machine's kernel does.
@Suite struct AgreementTests {
    /// More with RPFWATCH_AGREEMENT_ROUNDS=N; the seed of a failure is in its message.
    static let seeds: Range<UInt64> = {
        let rounds = unsafe getenv("RPFWATCH_AGREEMENT_ROUNDS").flatMap { unsafe UInt64(String(cString: $0)) }
        let first = unsafe getenv("RPFWATCH_AGREEMENT_SEED").flatMap { unsafe UInt64(String(cString: $0)) } ?? 0
        return first..<first + (rounds ?? 40)
    }()

    @Test func theModelDecidesAsThisKernelDoes() throws {
        var decided: [String: Int] = [:]
        for seed in Self.seeds {
            let round = try AgreementRound(seed: seed, questions: 80)
            decided.merge(round.decided) { $0 + $1 }
            for disagreement in round.disagreements { Issue.record("\(disagreement)") }
        }
        for word in AgreementRound.ends {
            #expect(decided[word, default: 0] > 0, "no packet with the answer \(word): \(decided)")
        }
    }
}
