// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
import Packets

/// The books of a trace: what its programs counted, beside what the kernel's own counter grew by meanwhile.
///
/// The counter cannot be read at the very moment that counting begins or ends, so it is read on both sides of it: the
/// growth between the inner readings is the least that the programs must have seen, between the outer ones the most.
package struct Ledger: Sendable {
    private let hasDropReasons: Bool
    private var outerStart = CounterReading(time: 0)
    private var innerStart = CounterReading(time: 0)
    /// Last counts of namespaces that are gone, without what told them apart, so that this stays small.
    package private(set) var gone: [DropKey: DropCounters] = [:]
    /// Inode numbers of namespaces whose own counter was read.
    private var readable: Set<UInt32> = [Self.goneReadable]

    /// Stand in for the inode numbers of namespaces that are gone; the kernel gives out neither.
    private static let goneReadable = UInt32.max
    private static let goneUnread = UInt32.max - 1

    /// `hasDropReasons`: whether this kernel says why it drops a packet.
    package init(hasDropReasons: Bool) {
        self.hasDropReasons = hasDropReasons
    }

    /// When counting began, nanoseconds of CLOCK_MONOTONIC.
    package var start: UInt64 { innerStart.time }

    /// Opens the books with the readings just before and just after counting began.
    package mutating func open(before: CounterReading, after: CounterReading) {
        outerStart = before
        innerStart = after
        note(before)
        note(after)
    }

    /// Takes over the last counts of namespaces that are gone.
    ///
    /// - Parameter read: inode numbers of those whose own counter was read before they went.
    package mutating func keep(_ counts: [DropKey: DropCounters], read: Set<UInt32> = []) {
        // One that came and went between two totals is in no reading that these were given.
        readable.formUnion(read)
        for (key, counter) in counts {
            var merged = key
            merged.namespaceCookie = 0
            merged.namespaceInode = readable.contains(key.namespaceInode) ? Self.goneReadable : Self.goneUnread
            merged.interfaceIndex = 0
            var counter = counter
            counter.interfaceName = InterfaceName("")
            gone[merged, default: DropCounters()] += counter
        }
    }

    /// Totals since the start, given the readings just before and after `current` was read, or counting ended.
    package mutating func totals(
        _ current: [DropKey: DropCounters], before: CounterReading, after: CounterReading,
        reasonName: (UInt32) -> String?
    ) -> Totals {
        note(before)
        note(after)
        let counters = current.merging(gone) { current, _ in current }
        let readable = readable
        var totals = Totals(
            counters, isReconciled: { readable.contains($0.namespaceInode) }, hasReasons: hasDropReasons,
            reasonName: reasonName)
        // A drop in a namespace that came and went unseen cannot be compared with anything.
        let unseen = Set(
            counters.keys.filter { $0.outcome == .reversePathFilter && !readable.contains($0.namespaceInode) }
                .map(\.namespaceInode))
        totals.kernel.ipReversePathFilter = after.growth(since: outerStart).lowerBound
        totals.kernel.min = before.growth(since: innerStart).lowerBound
        totals.kernel.max = after.growth(since: outerStart).upperBound
        totals.kernel.netnsWatched = UInt64(after.watched)
        totals.kernel.netnsUnreadable = UInt64(after.unreadable + unseen.count)
        return totals
    }

    private mutating func note(_ reading: CounterReading) { readable.formUnion(reading.reversePathFilter.keys) }
}
