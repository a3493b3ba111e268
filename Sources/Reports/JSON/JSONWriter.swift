// SPDX-License-Identifier: Apache-2.0
import Attribution

/// Writes events as JSON lines, one at a time, into memory that it keeps.
///
/// Each stream has a writer of its own, which numbers what it writes: `event.sequence` has no gaps in a stream.
package struct JSONWriter {
    /// Raised only when a field is removed, renamed or changes its type.
    package static let schemaVersion = 1
    /// Octets of an `rpf-drop`, `stats` or `lost` line without its newline.
    package static let shortLineLimit = 4095
    /// Octets of any other line without its newline.
    package static let longLineLimit = 1 << 20

    /// The number of the next event; the first is 1.
    package private(set) var nextSequence: UInt64 = 1
    private var buffer = JSONBuffer()
    private var fragments = JSONFragments()

    package init() { buffer.reserve(Self.shortLineLimit + 1) }

    /// The last encoded event with its newline, for one write(2).
    package var line: [UInt8] { buffer.bytes }

    /// Replaces `line` by this event.
    package mutating func encode(_ event: Event) {
        encode(event, detail: .full)
        for detail in [JSONDetail.noAlternatives, .noCommands] where buffer.bytes.count > Self.longLineLimit + 1 {
            encode(event, detail: detail)
        }
        nextSequence += 1
    }

    private mutating func encode(_ event: Event, detail: JSONDetail) {
        buffer.clear()
        buffer.beginObject()
        envelope(of: event)
        switch event.payload {
        case .start(let start): buffer.write(start)
        case .drop(let drop):
            buffer.write(packetOf: drop)
            buffer.append(fragments.judgement(of: drop))
        case .finding(let finding): buffer.write(finding, detail: detail)
        case .stats(let totals): buffer.object("rpf") { $0.members(totals) }
        case .lost(let loss): buffer.write(loss)
        case .configChange(let change): buffer.write(change)
        case .end(let end): buffer.write(end)
        }
        buffer.endObject()
        buffer.newline()
    }

    private mutating func envelope(of event: Event) {
        let action = event.action
        buffer.key("@timestamp")
        buffer.time(event.time)
        buffer.append(fragments.opening(of: action))
        buffer.number(nextSequence)
        buffer.key("reason")
        buffer.optional(event.reason) { $0.word($1) }
        buffer.key("duration")
        buffer.optional(event.reportedDuration) { $0.number($1) }
        buffer.endObject()
        buffer.key("log")
        buffer.beginObject()
        buffer.key("level")
        buffer.word(action.level)
        buffer.endObject()
        buffer.key("message")
        buffer.message(of: event)
        if case .start(let start) = event.payload {
            buffer.members(of: event.origin, start: start)
        } else {
            buffer.append(fragments.members(of: event.origin))
        }
    }
}

/// How much of an oversized finding is written. What is left out says so: a fix without its commands is `incomplete`.
enum JSONDetail: Comparable {
    case full, noAlternatives, noCommands
}

extension Event {
    /// `event.reason`: a word of ours, never the host's.
    var reason: String? {
        switch payload {
        case .drop(let drop): drop.attribution.cause?.rawValue
        case .finding(let finding): finding.cause?.rawValue
        case .lost(let loss): loss.source.rawValue
        case .configChange(let change): change.kind.rawValue
        case .end(let end): end.reason?.rawValue
        case .start, .stats: nil
        }
    }

    /// `event.duration`, nanoseconds.
    var reportedDuration: UInt64? {
        switch payload {
        case .finding(let finding): finding.lastSeen.since(finding.firstSeen)
        case .end(let end): end.windowEnd.since(end.windowStart)
        case .start, .drop, .stats, .lost, .configChange: duration
        }
    }
}
