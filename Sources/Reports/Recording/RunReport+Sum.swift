// SPDX-License-Identifier: Apache-2.0
import Attribution
import Packets

extension RunReport {
    /// Several runs of one host, in the order of time, as one report. Nil for none; one run stays as it is.
    static func sum(_ runs: [RunReport]) -> RunReport? {
        guard var result = runs.first else { return nil }
        for run in runs.dropFirst() { result.add(run) }
        return result
    }

    private mutating func add(_ later: RunReport) {
        origin = later.origin
        start = later.start ?? start
        findings = Self.merged(findings, later.findings)
        if let own = totals, let others = later.totals {
            totals = own.adding(others)
        } else {
            totals = totals ?? later.totals
        }
        if let own = window, let other = later.window {
            overlaps = overlaps || other.start < own.end
            window = Window(
                start: min(own.start, other.start), end: max(own.end, other.end),
                observed: own.observed &+ other.observed)
        } else {
            window = window ?? later.window
        }
        for namespace in later.namespaces where !namespaces.contains(namespace) { namespaces.append(namespace) }
        endReason = nil
        runs += later.runs
        unfinishedRuns += later.unfinishedRuns
        dropGroups += later.dropGroups
    }

    private static func merged(_ own: [FindingReport], _ later: [FindingReport]) -> [FindingReport] {
        var byID = Dictionary(own.map { ($0.id, $0) }) { $1 }
        for finding in later { byID[finding.id] = byID[finding.id].map { finding.adding($0) } ?? finding }
        return Array(byID.values)
    }
}

extension FindingReport {
    /// The same problem in an earlier run added to this one: the latest judgement and advice, the sums of the counts.
    fileprivate func adding(_ earlier: FindingReport) -> FindingReport {
        var result = self
        result.drops = drops &+ earlier.drops
        result.detailed = detailed &+ earlier.detailed
        result.firstSeen = min(firstSeen, earlier.firstSeen)
        result.lastSeen = max(lastSeen, earlier.lastSeen)
        var prefixes: [IPPrefix: UInt64] = [:]
        for source in earlier.sources + sources { prefixes[source.prefix, default: 0] &+= source.drops }
        let heaviest = prefixes.map { Finding.Source(prefix: $0, drops: $1) }
            .sorted { ($1.drops, $0.prefix) < ($0.drops, $1.prefix) }
        result.sources = Array(heaviest.prefix(Self.addressLimit))
        var targets: [IPAddress: UInt64] = [:]
        for destination in earlier.destinations + destinations {
            targets[destination.address, default: 0] &+= destination.drops
        }
        let busiest = targets.map { Destination(address: $0, drops: $1) }.sorted()
        result.destinations = Array(busiest.prefix(Self.addressLimit))
        return result
    }
}

extension Totals {
    fileprivate func adding(_ later: Totals) -> Totals {
        func sum(_ left: UInt64?, _ right: UInt64?) -> UInt64? {
            guard let left, let right else { return nil }
            return left &+ right
        }
        var reasons: [String: UInt64] = [:]
        for count in otherReasons + later.otherReasons { reasons[count.reason, default: 0] &+= count.drops }
        return Totals(
            drops: drops &+ later.drops, emitted: emitted &+ later.emitted, suppressed: suppressed &+ later.suppressed,
            lost: lost &+ later.lost, filtered: filtered &+ later.filtered,
            otherDrops: sum(otherDrops, later.otherDrops),
            otherReasons: reasons.map { ReasonCount(reason: $0, drops: $1) }
                .sorted { ($1.drops, $0.reason) < ($0.drops, $1.reason) },
            kernel: KernelReconciliation(
                counted: kernel.counted &+ later.kernel.counted,
                ipReversePathFilter: sum(kernel.ipReversePathFilter, later.kernel.ipReversePathFilter),
                min: sum(kernel.min, later.kernel.min), max: sum(kernel.max, later.kernel.max),
                netnsWatched: Swift.max(kernel.netnsWatched, later.kernel.netnsWatched),
                netnsUnreadable: Swift.max(kernel.netnsUnreadable, later.kernel.netnsUnreadable)))
    }
}
