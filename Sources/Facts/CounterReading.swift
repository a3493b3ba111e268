// SPDX-License-Identifier: Apache-2.0

/// The kernel's own count of rp_filter drops (`TcpExt: IPReversePathFilter`) over the watched namespaces at one moment.
package struct CounterReading: Hashable, Sendable {
    /// When the reading was complete, nanoseconds of CLOCK_MONOTONIC.
    package var time: UInt64
    /// The raw counter of each namespace that lives, by inode number.
    package var reversePathFilter: [UInt32: UInt64]
    /// What all counters grew by since they are watched; namespaces that are gone by now are in it.
    package var growth: UInt64
    /// What was on the counters of namespaces found later that may be older than the watch: it may be growth or not,
    /// and is not in `growth`.
    package var doubtful: UInt64
    package var watched: Int
    /// Namespaces whose counter could not be read.
    package var unreadable: Int

    package init(
        time: UInt64, reversePathFilter: [UInt32: UInt64] = [:], growth: UInt64 = 0, doubtful: UInt64 = 0,
        watched: Int = 0, unreadable: Int = 0
    ) {
        self.time = time
        self.reversePathFilter = reversePathFilter
        self.growth = growth
        self.doubtful = doubtful
        self.watched = watched
        self.unreadable = unreadable
    }

    /// What the counters grew by from an earlier reading to this one, at least and at most.
    package func growth(since earlier: Self) -> ClosedRange<UInt64> {
        let least = growth > earlier.growth ? growth - earlier.growth : 0
        let doubt = doubtful > earlier.doubtful ? doubtful - earlier.doubtful : 0
        return least...least + doubt
    }
}
