// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// What the events of one trace of one host have said so far.
struct RecordedRun {
    var origin: Origin
    var start: StartInfo?
    var end: EndInfo?
    /// Of the last `stats` event.
    var totals: Totals?
    var findings: [String: FindingReport] = [:]
    var firstTime: WallTime?
    var lastTime: WallTime?
    var drops: [DropPlace: UInt64] = [:]

    /// What single drops are counted by when there is no finding.
    struct DropPlace: Hashable {
        var namespace: String
        var interface: InterfaceName
        var cause: String
        var attributed: Bool
    }

    init(origin: Origin) { self.origin = origin }

    /// True when an event of that kind belongs to the next trace.
    func isOver(before action: EventAction) -> Bool {
        end != nil || (action == .start && firstTime != nil)
    }

    /// True when the event is kept, and not only counted.
    mutating func add(_ json: JSONValue, action: EventAction) throws(RecordingError.Problem) -> Bool {
        let time = try json.require("@timestamp", \.time)
        // A drop's time is the kernel's, and detail may come late: the order of times is not that of lines.
        firstTime = min(firstTime ?? time, time)
        lastTime = max(lastTime ?? time, time)
        switch action {
        case .start:
            start = try StartInfo(json)
        case .end:
            end = try EndInfo(json)
        case .stats:
            totals = try Totals(json)
        case .finding:
            let finding = try FindingReport(json)
            guard findings[finding.id] != nil || findings.count < Recording.findingLimit else {
                throw .tooMany("findings")
            }
            findings[finding.id] = finding
        case .drop:
            try count(json)
            return false
        case .lost, .configChange:
            return false
        }
        return true
    }

    private mutating func count(_ json: JSONValue) throws(RecordingError.Problem) {
        let rpf = json["rpf"]
        let place = DropPlace(
            namespace: Names.label(NamespaceIdentity(rpf?["netns"], container: json["container"])),
            interface: try json.require("network.interface.name") { _ in
                json.member("network.interface")?.interface("name", hex: rpf?["interface_hex"])
            },
            cause: rpf?["cause"]?.string ?? "unknown", attributed: try json.require("rpf.attributed", \.bool))
        guard drops[place] != nil || drops.count < Recording.findingLimit else { throw .tooMany("places of drops") }
        drops[place, default: 0] += 1
    }

    /// Continues with what a later file of the same trace says.
    private mutating func append(_ later: Self) {
        end = later.end ?? end
        totals = later.totals ?? totals
        findings.merge(later.findings) { $1 }
        lastTime = [lastTime, later.lastTime].compactMap(\.self).max()
        drops.merge(later.drops, uniquingKeysWith: &+)
    }

    private var report: RunReport {
        let window: RunReport.Window? =
            if let end {
                RunReport.Window(start: end.windowStart, end: end.windowEnd)
            } else if let firstTime, let lastTime {
                RunReport.Window(start: firstTime, end: lastTime)
            } else {
                nil
            }
        let groups = drops.map {
            RunReport.DropGroup(
                namespace: $0.namespace, interface: $0.interface, cause: $0.cause, attributed: $0.attributed, drops: $1)
        }.sorted()
        return RunReport(
            origin: origin, start: start, findings: Array(findings.values), totals: end?.totals ?? totals,
            window: window, namespaces: end?.namespaces ?? [], endReason: end?.reason,
            unfinishedRuns: end == nil ? 1 : 0,
            dropGroups: findings.isEmpty && end == nil ? groups : [])
    }

    /// The report of one host's runs; nil when there are none. Files that continue a trace (a rotated recording) are
    /// found by their missing start, and put in the order of their times.
    static func merge(_ runs: [Self]) -> RunReport? {
        let ordered = runs.enumerated().sorted {
            ($0.element.firstTime?.nanoseconds ?? 0, $0.offset) < ($1.element.firstTime?.nanoseconds ?? 0, $1.offset)
        }.map(\.element)
        var joined: [Self] = []
        for run in ordered {
            if run.start == nil, let last = joined.last, last.start != nil, last.end == nil {
                joined[joined.count - 1].append(run)
            } else {
                joined.append(run)
            }
        }
        return RunReport.sum(joined.map(\.report))
    }
}
