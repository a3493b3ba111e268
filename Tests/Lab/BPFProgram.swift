// SPDX-License-Identifier: Apache-2.0
import CLab

/// A BPF program that is loaded in the kernel.
package struct BPFProgram: Sendable {
    package let id: UInt32
    package let name: String
    package let instructions: Int
    /// How many instructions the verifier looked at over all paths; 0 when the kernel does not tell.
    package let verified: Int

    /// The one with the lowest ID above `id`; nil when there is none.
    package init?(after id: UInt32) {
        var program = lab_bpf_program()
        guard unsafe lab_next_bpf_program(id, &program) == 0 else { return nil }
        self.id = program.id
        name = unsafe withUnsafeBytes(of: program.name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        instructions = Int(program.instructions)
        verified = Int(program.verified)
    }
}
