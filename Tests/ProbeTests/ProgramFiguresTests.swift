// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Probe

/// What the kernel's verifier says about the programs.
@Suite struct ProgramFiguresTests {
    @Test(arguments: [
        "processed 10251 insns (limit 1000000) max_states_per_insn 8 total_states 634 peak_states 484 mark_read 58\n",
        // Newer kernels say more, and one says the beginning twice.
        """
        verification time 3562 usec
        stack depth 280
        processed 10251
        processed 10251 insns (limit 1000000) max_states_per_insn 8 total_states 634 peak_states 484 mark_read 0

        """,
    ])
    func figuresAreReadFromTheVerifiersLog(log: String) {
        let figures = ProgramFigures(name: "drop_first", instructions: 956, log: log)
        #expect(
            figures
                == ProgramFigures(
                    name: "drop_first", instructions: 956, verified: 10_251, states: 634, peakStates: 484))
    }

    @Test func aLogWithoutThemGivesNone() {
        for log in ["", "processed 5", "processed insns total_states peak_states"] {
            #expect(ProgramFigures(name: "drop_first", instructions: 1, log: log) == nil)
        }
    }

    @Test(.enabled(if: isRoot, "needs root: BPF"))
    func everyProgramOfTheTierHasFiguresWhenAskedFor() throws {
        #expect(try Probe(ProbeOptions()).programs.isEmpty)
        let programs = try Probe(ProbeOptions(measuresPrograms: true)).programs
        #expect(programs.map(\.name).suffix(3).last == "drop_last")
        for program in programs {
            #expect(program.instructions > 0 && program.verified > 0, "\(program)")
            #expect(program.states >= program.peakStates && program.peakStates > 0, "\(program)")
        }
    }
}
