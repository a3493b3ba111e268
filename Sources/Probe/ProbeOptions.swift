// SPDX-License-Identifier: Apache-2.0
package import Packets

/// Which hooks are used, from the one that sees most to the one that needs least.
package enum Tier: String, CaseIterable, Sendable {
    /// The return value of the source check through a BPF trampoline, and the drop.
    case fexit
    /// The same through a kprobe and a kretprobe.
    case kprobe
    /// The drop alone.
    case tracepoint
}

/// How many drops get a record besides being counted.
package enum DetailBudget: Sendable {
    /// A sample of every kind of drop: enough to judge it, cheap under a flood.
    case findings
    /// As many as the ring takes; while it is more than half full, a sample of each kind.
    case everyDrop
}

/// What to watch. Filters apply in the kernel, before anything is copied.
package struct ProbeOptions: Sendable {
    /// Nil: the first that works, in the order of `Tier.allCases`.
    package var tier: Tier?
    /// Only this network namespace; others are not even counted.
    package var namespaceInode: UInt32?
    /// Drops from other sources are counted as filtered and get no record.
    package var source: IPv4Prefix?
    package var destination: IPv4Prefix?
    /// Records also for drops that have nothing to do with the source check (IPv4 only).
    package var recordOther: Bool
    package var detail: DetailBudget
    /// How many keys are counted apart; drops beyond them are counted by their outcome alone.
    package var keyLimit: UInt32
    /// Asks the verifier for its figures (`Probe.programs`).
    package var measuresPrograms: Bool
    /// Tells which processes write sysctls, where the kernel lets it.
    package var watchesWrites: Bool

    package init(
        tier: Tier? = nil, namespaceInode: UInt32? = nil, source: IPv4Prefix? = nil, destination: IPv4Prefix? = nil,
        recordOther: Bool = false, detail: DetailBudget = .findings, keyLimit: UInt32 = 4_096,
        measuresPrograms: Bool = false, watchesWrites: Bool = true
    ) {
        self.tier = tier
        self.namespaceInode = namespaceInode
        self.source = source
        self.destination = destination
        self.recordOther = recordOther
        self.detail = detail
        self.keyLimit = keyLimit
        self.measuresPrograms = measuresPrograms
        self.watchesWrites = watchesWrites
    }
}

/// A tier that this kernel or these privileges do not allow.
package struct TierRefusal: Hashable, Sendable {
    package var tier: Tier
    /// One sentence.
    package var reason: String

    package init(tier: Tier, reason: String) {
        self.tier = tier
        self.reason = reason
    }
}
