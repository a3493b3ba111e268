// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A fix before it is simulated.
struct FixCandidate {
    var id: FixID
    /// One sentence: what it does and why it is enough.
    var summary: String
    var changes: [Change]
    /// What follows from this fix in this situation; what follows from its changes by themselves is added later.
    var sideEffects: [String] = []
    /// Where the packets arrive once the fix works, when that is another interface.
    var arrivesOn: UInt32?
    /// The fix waits for something outside this host, so that no simulation can promise anything.
    var isUncertain = false
    /// It may break what works now, so that nobody should do it without knowing better.
    var isRisky = false

    init(
        _ id: FixID, _ summary: String, _ changes: [Change], sideEffects: [String] = [], arrivesOn: UInt32? = nil,
        isUncertain: Bool = false, isRisky: Bool = false
    ) {
        self.id = id
        self.summary = summary
        self.changes = changes
        self.sideEffects = sideEffects
        self.arrivesOn = arrivesOn
        self.isUncertain = isUncertain
        self.isRisky = isRisky
    }

    /// A placeholder remains in the commands.
    var isIncomplete: Bool { changes.contains(where: \.hasPlaceholder) }

    /// The same without changes that change nothing where they stand in the order; nil when none is left.
    func withoutNoOperations(on facts: NetworkFacts) -> Self? {
        var state = HostState(facts)
        var result = self
        result.changes = changes.filter { change in
            guard !change.isNoOperation(on: state.facts) else { return false }
            state.apply([change])
            return true
        }
        return result.changes.isEmpty ? nil : result
    }
}
