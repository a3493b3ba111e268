// SPDX-License-Identifier: Apache-2.0
package import Facts

/// The whole run: the payload of `end`.
package struct EndInfo: Hashable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// SIGINT or SIGTERM.
        case signal
        case duration
        case count
        /// The reader of stdout went away.
        case outputClosed = "output_closed"
        case error
    }

    package var reason: Reason?
    package var totals: Totals
    /// When the first hook was attached.
    package var windowStart: WallTime
    /// When the last one was detached.
    package var windowEnd: WallTime
    /// The watched namespaces, the own first; at most `namespaceLimit`, their number is `totals.kernel.netnsWatched`.
    package var namespaces: [NamespaceIdentity]

    /// Namespaces that are named.
    package static let namespaceLimit = 64

    package init(
        reason: Reason?, totals: Totals, windowStart: WallTime, windowEnd: WallTime,
        namespaces: [NamespaceIdentity] = []
    ) {
        self.reason = reason
        self.totals = totals
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.namespaces = Array(namespaces.prefix(Self.namespaceLimit))
    }
}
