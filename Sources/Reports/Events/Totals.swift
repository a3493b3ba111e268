// SPDX-License-Identifier: Apache-2.0
package import Drops

/// Exact counts since the start: `drops` = `emitted` + `suppressed` + `lost` + `filtered`.
package struct Totals: Hashable, Sendable {
    /// All drops by rp_filter.
    package var drops: UInt64
    package var emitted: UInt64
    /// Detail left out on purpose: sampled, rate-limited, or beyond --count.
    package var suppressed: UInt64
    /// Detail that was lost: ring full, or the program was nested.
    package var lost: UInt64
    /// Outside --interface, --source, --destination or the expression.
    package var filtered: UInt64
    /// Drops for any other reason; nil where the kernel has no drop reasons.
    package var otherDrops: UInt64?
    /// The most frequent other reasons, most frequent first; at most `reasonLimit`.
    package var otherReasons: [ReasonCount]
    package var kernel: KernelReconciliation

    /// Other reasons that a report names.
    package static let reasonLimit = 8

    package init(
        drops: UInt64 = 0, emitted: UInt64 = 0, suppressed: UInt64 = 0, lost: UInt64 = 0, filtered: UInt64 = 0,
        otherDrops: UInt64? = nil, otherReasons: [ReasonCount] = [], kernel: KernelReconciliation = .init()
    ) {
        self.drops = drops
        self.emitted = emitted
        self.suppressed = suppressed
        self.lost = lost
        self.filtered = filtered
        self.otherDrops = otherDrops
        self.otherReasons = Array(otherReasons.prefix(Self.reasonLimit))
        self.kernel = kernel
    }

    /// The sums of the kernel's counters of attributed drops; the rest is filled in by who knows it.
    package init(attributed: DropCounters) {
        self.init(
            drops: attributed.drops, emitted: attributed.emitted, suppressed: attributed.suppressed,
            lost: attributed.lostRing, filtered: attributed.filtered)
    }

    /// Says of drops whose detail was received that it was left out.
    package mutating func suppress(_ count: UInt64) {
        let moved = Swift.min(count, emitted)
        emitted -= moved
        suppressed += moved
    }
}

/// How often a drop reason other than rp_filter was seen.
package struct ReasonCount: Hashable, Sendable {
    /// The kernel's name without `SKB_DROP_REASON_`.
    package var reason: String
    package var drops: UInt64

    package init(reason: String, drops: UInt64) {
        self.reason = reason
        self.drops = drops
    }
}

/// Our count beside the kernel's own, TcpExt `IPReversePathFilter` summed over the watched namespaces.
package struct KernelReconciliation: Hashable, Sendable {
    /// Attributed drops that the kernel counts too: without refusals while processing ARP.
    package var counted: UInt64
    /// The counter's growth; nil when it could not be read.
    package var ipReversePathFilter: UInt64?
    /// Its growth between the last read before the window closed and the first after it opened: at least this much.
    package var min: UInt64?
    /// Its growth between the reads outside the window: at most this much.
    package var max: UInt64?
    package var netnsWatched: UInt64
    package var netnsUnreadable: UInt64

    package init(
        counted: UInt64 = 0, ipReversePathFilter: UInt64? = nil, min: UInt64? = nil, max: UInt64? = nil,
        netnsWatched: UInt64 = 0, netnsUnreadable: UInt64 = 0
    ) {
        self.counted = counted
        self.ipReversePathFilter = ipReversePathFilter
        self.min = min
        self.max = max
        self.netnsWatched = netnsWatched
        self.netnsUnreadable = netnsUnreadable
    }

    /// The distance between `counted` and [min, max]: 0 inside, positive when the kernel counted more than we did,
    /// negative when it counted less. Nil when the bounds are not known.
    package var unexplained: Int64? {
        guard let min, let max else { return nil }
        return Self.unexplained(counted: counted, min: min, max: max)
    }

    package static func unexplained(counted: UInt64, min: UInt64, max: UInt64) -> Int64 {
        if counted < min { return Int64(clamping: min - counted) }
        if counted > max { return -Int64(clamping: counted - max) }
        return 0
    }
}
