// SPDX-License-Identifier: Apache-2.0

/// Detail that was lost: the payload of `lost`.
package struct Loss: Hashable, Sendable {
    package enum Source: String, Sendable, CaseIterable {
        /// The ring buffer had no room.
        case ringFull = "ring_full"
        /// The kernel skipped a program because it was already running on the CPU.
        case nested
        /// Our own queue in front of a slow reader had no room.
        case outputQueue = "output_queue"
    }

    package var source: Source
    /// Since the last event of this source.
    package var count: UInt64
    /// Since the start.
    package var total: UInt64

    package init(source: Source, count: UInt64, total: UInt64) {
        self.source = source
        self.count = count
        self.total = total
    }
}
