// SPDX-License-Identifier: Apache-2.0

/// Why the kernel's side could not be started or read; the description is one sentence for the person who asked.
package struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// This kernel cannot do it.
        case unsupported
        /// The kernel could, this process may not.
        case notPermitted
        case failed
    }

    package var kind: Kind
    package var description: String
    /// What was tried and refused, each for itself, when no tier works.
    package var refusals: [TierRefusal]

    package init(_ kind: Kind, _ description: String, refusals: [TierRefusal] = []) {
        self.kind = kind
        self.description = description
        self.refusals = refusals
    }
}
