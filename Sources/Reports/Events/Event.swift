// SPDX-License-Identifier: Apache-2.0

/// One thing that happened, in the form in which it is written, recorded and reported.
///
/// Everything that leaves the program is made of these: the JSON stream, the recording, the text report. A report is
/// rendered from the same values whether they were just made or read back from a file, so it says the same.
package struct Event: Hashable, Sendable {
    package enum Payload: Hashable, Sendable {
        case start(StartInfo)
        case drop(DropReport)
        case finding(FindingReport)
        /// Totals since the start, written every interval.
        case stats(Totals)
        case lost(Loss)
        case configChange(ConfigChange)
        case end(EndInfo)
    }

    package var time: WallTime
    package var origin: Origin
    /// Nanoseconds that the event is about: of `stats`, since the last one. `rpf-finding` and `end` know their own.
    package var duration: UInt64?
    package var payload: Payload

    package init(time: WallTime, origin: Origin, duration: UInt64? = nil, payload: Payload) {
        self.time = time
        self.origin = origin
        self.duration = duration
        self.payload = payload
    }

    package var action: EventAction {
        switch payload {
        case .start: .start
        case .drop: .drop
        case .finding: .finding
        case .stats: .stats
        case .lost: .lost
        case .configChange: .configChange
        case .end: .end
        }
    }
}

/// Which host and which program an event comes from.
package struct Origin: Hashable, Sendable {
    package var host: String
    /// Of rpfwatch.
    package var version: String

    package init(host: String, version: String) {
        self.host = host
        self.version = version
    }
}

/// The words of `event.action`, with the ECS categorisation that goes with each.
package enum EventAction: String, Sendable, CaseIterable {
    case start
    case drop = "rpf-drop"
    case finding = "rpf-finding"
    case stats
    case lost
    case configChange = "config-change"
    case end

    /// ECS `event.kind`.
    var kind: String {
        switch self {
        case .finding: "alert"
        case .stats: "metric"
        case .start, .drop, .lost, .configChange, .end: "event"
        }
    }

    /// The only member of ECS `event.category`.
    var category: String { self == .configChange ? "configuration" : "network" }

    /// The only member of ECS `event.type`; one of those that ECS expects in the category.
    var type: String {
        switch self {
        case .start: "start"
        case .drop, .finding: "denied"
        case .stats, .lost: "info"
        case .configChange: "change"
        case .end: "end"
        }
    }

    /// ECS `event.dataset`.
    var dataset: String {
        switch self {
        case .start, .end: "rpfwatch.trace"
        case .drop: "rpfwatch.drop"
        case .finding: "rpfwatch.finding"
        case .stats: "rpfwatch.stats"
        case .lost: "rpfwatch.lost"
        case .configChange: "rpfwatch.config"
        }
    }

    /// `log.level`.
    var level: String {
        switch self {
        case .drop, .finding, .lost: "warning"
        case .configChange: "notice"
        case .start, .stats, .end: "info"
        }
    }
}
