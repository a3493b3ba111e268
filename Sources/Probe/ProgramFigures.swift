// SPDX-License-Identifier: Apache-2.0

/// What a loaded program cost the kernel's verifier.
package struct ProgramFigures: Hashable, Sendable {
    /// Its name in bpf/rpfwatch.bpf.c.
    package var name: String
    /// Instructions of the program as it runs.
    package var instructions: Int
    /// Instructions that the verifier looked at over all paths; the kernel gives up at a million.
    package var verified: Int
    /// States of registers and stack that it remembered in all, and the most it held at one time.
    package var states: Int
    package var peakStates: Int

    package init(name: String, instructions: Int, verified: Int, states: Int, peakStates: Int) {
        self.name = name
        self.instructions = instructions
        self.verified = verified
        self.states = states
        self.peakStates = peakStates
    }

    /// From the verifier's log at level BPF_LOG_STATS (kernel/bpf/verifier.c, print_verification_stats):
    ///
    ///     processed 10251 insns (limit 1000000) max_states_per_insn 8 total_states 634 peak_states 484 mark_read 58
    ///
    /// Nil when it is not there.
    init?(name: String, instructions: Int, log: String) {
        let lines = log.split(separator: "\n").map { $0.split(separator: " ") }
        func number(after word: String) -> Int? {
            for words in lines where words.first == "processed" {
                guard let place = words.firstIndex(of: word[...]), place + 1 < words.count else { continue }
                return Int(words[place + 1])
            }
            return nil
        }
        guard let verified = number(after: "processed"), let states = number(after: "total_states"),
            let peak = number(after: "peak_states")
        else { return nil }
        self.init(
            name: name, instructions: instructions, verified: verified, states: states, peakStates: peak)
    }
}

extension ProgramFigures: CustomStringConvertible {
    package var description: String {
        "\(name): \(instructions) instructions, \(verified) verified, \(states) states, \(peakStates) at once"
    }
}
