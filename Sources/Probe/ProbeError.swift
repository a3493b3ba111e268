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

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
