// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

/// All that is known about what one host's trace saw: made by the trace itself, or put together from recordings.
package struct RunReport: Hashable, Sendable {
    package var origin: Origin
    /// Nil when no `start` event was recorded.
    package var start: StartInfo?
    /// The last state of each finding, most drops first.
    package var findings: [FindingReport] {
        didSet { findings.sort(by: Self.precedes) }
    }
    /// Nil when neither an `end` nor a `stats` event was recorded.
    package var totals: Totals?
    /// Nil when not even one event tells a time.
    package var window: Window?
    package var namespaces: [NamespaceIdentity]
    /// Of a single run that ended.
    package var endReason: EndInfo.Reason?
    /// Traces that this report is made of.
    package var runs: Int
    /// Traces without an `end` event: cut short, or still running.
    package var unfinishedRuns: Int
    /// Two of the traces ran at the same time.
    package var overlaps = false
    /// What single `rpf-drop` events say, when no finding and no end is there to say more.
    package var dropGroups: [DropGroup]

    package struct Window: Hashable, Sendable {
        package var start: WallTime
        package var end: WallTime
        /// Nanoseconds under observation; less than from `start` to `end` when there were several runs.
        package var observed: UInt64

        package init(start: WallTime, end: WallTime, observed: UInt64? = nil) {
            self.start = start
            self.end = end
            self.observed = observed ?? end.since(start)
        }
    }

    /// Recorded drops that look alike.
    package struct DropGroup: Hashable, Sendable, Comparable {
        package var namespace: String
        package var interface: InterfaceName
        /// The word of `rpf.cause`, or `unknown`.
        package var cause: String
        package var attributed: Bool
        package var drops: UInt64

        package init(namespace: String, interface: InterfaceName, cause: String, attributed: Bool, drops: UInt64) {
            self.namespace = namespace
            self.interface = interface
            self.cause = cause
            self.attributed = attributed
            self.drops = drops
        }

        /// Most drops first.
        package static func < (left: Self, right: Self) -> Bool {
            (right.drops, left.namespace, left.interface.hex, left.cause)
                < (left.drops, right.namespace, right.interface.hex, right.cause)
        }
    }

    package init(
        origin: Origin, start: StartInfo? = nil, findings: [FindingReport] = [], totals: Totals? = nil,
        window: Window? = nil, namespaces: [NamespaceIdentity] = [],
        endReason: EndInfo.Reason? = nil, runs: Int = 1, unfinishedRuns: Int = 0, dropGroups: [DropGroup] = []
    ) {
        self.origin = origin
        self.start = start
        self.findings = findings.sorted(by: Self.precedes)
        self.totals = totals
        self.window = window
        self.namespaces = namespaces
        self.endReason = endReason
        self.runs = runs
        self.unfinishedRuns = unfinishedRuns
        self.dropGroups = dropGroups
    }

    /// False when `window` only spans the recorded events: neither a start nor an end was recorded.
    var isWindowKnown: Bool { start != nil || unfinishedRuns < runs }

    /// Most drops first; ties are broken, so that the same findings always read the same.
    private static func precedes(_ left: FindingReport, _ right: FindingReport) -> Bool {
        (right.drops, left.id) < (left.drops, right.id)
    }

    /// The report of a trace that ran to its end.
    package init(origin: Origin, start: StartInfo?, findings: [FindingReport], end: EndInfo) {
        self.init(
            origin: origin, start: start, findings: findings, totals: end.totals,
            window: Window(start: end.windowStart, end: end.windowEnd), namespaces: end.namespaces,
            endReason: end.reason)
    }

    /// The report as events: `start`, its findings with their final counts, and `end`, or `stats` when a run has no end.
    package func events() -> [Event] {
        let start = window?.start ?? WallTime(nanoseconds: 0)
        let end = window?.end ?? start
        func event(_ payload: Event.Payload, at time: WallTime) -> Event {
            Event(time: time, origin: origin, payload: payload)
        }
        var events: [Event] = []
        if let info = self.start { events.append(event(.start(info), at: start)) }
        events += findings.map { event(.finding($0), at: $0.lastSeen) }
        guard let totals else { return events }
        if unfinishedRuns == 0 {
            let info = EndInfo(
                reason: endReason, totals: totals, windowStart: start, windowEnd: end, namespaces: namespaces)
            events.append(event(.end(info), at: end))
        } else {
            var stats = event(.stats(totals), at: end)
            stats.duration = window?.observed
            events.append(stats)
        }
        return events
    }
}
