// SPDX-License-Identifier: Apache-2.0
package import Packets

/// The kernel's exact counts for one key: `drops` = `emitted` + `suppressed` + `lostRing` + `filtered`.
package struct DropCounters: Hashable, Sendable {
    package var drops: UInt64
    /// Records written to the ring.
    package var emitted: UInt64
    /// Drops whose detail was left out on purpose, to keep within the key's share of the ring.
    package var suppressed: UInt64
    /// Records the ring could not take.
    package var lostRing: UInt64
    /// Drops outside the --source and --destination filters.
    package var filtered: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC; 0 when there was no drop.
    package var firstTime: UInt64
    package var lastTime: UInt64
    /// The interface's name when the key was first counted.
    package var interfaceName: InterfaceName

    package init(
        drops: UInt64 = 0, emitted: UInt64 = 0, suppressed: UInt64 = 0, lostRing: UInt64 = 0, filtered: UInt64 = 0,
        firstTime: UInt64 = 0, lastTime: UInt64 = 0, interfaceName: InterfaceName = InterfaceName("")
    ) {
        self.drops = drops
        self.emitted = emitted
        self.suppressed = suppressed
        self.lostRing = lostRing
        self.filtered = filtered
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.interfaceName = interfaceName
    }

    /// Drops inside the filters.
    package var shown: UInt64 { drops - min(filtered, drops) }

    /// The same drops, none of which was asked for.
    package var allFiltered: Self {
        var copy = self
        copy.filtered = drops
        (copy.emitted, copy.suppressed, copy.lostRing) = (0, 0, 0)
        return copy
    }

    package static func += (total: inout Self, part: Self) {
        total.drops += part.drops
        total.emitted += part.emitted
        total.suppressed += part.suppressed
        total.lostRing += part.lostRing
        total.filtered += part.filtered
        if part.firstTime != 0 && (total.firstTime == 0 || part.firstTime < total.firstTime) {
            total.firstTime = part.firstTime
        }
        total.lastTime = max(total.lastTime, part.lastTime)
        if total.interfaceName.bytes.isEmpty { total.interfaceName = part.interfaceName }
    }
}
