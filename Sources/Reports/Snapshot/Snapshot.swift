// SPDX-License-Identifier: Apache-2.0
package import Facts

/// A namespace's facts as a file: what `explain --snapshot` writes and `explain --from-snapshot` answers from.
package struct Snapshot: Hashable, Sendable {
    package var origin: Origin
    package var time: WallTime
    package var facts: NetworkFacts

    package init(origin: Origin, time: WallTime, facts: NetworkFacts) {
        self.origin = origin
        self.time = time
        self.facts = facts
    }
}
