// SPDX-License-Identifier: Apache-2.0

/// Everything that `trace --json` wrote, by kind of event.
package struct TraceEvents {
    package let all: [JSONValue]
    /// What is wrong with the stream as such; empty when nothing is.
    package let problems: [String]

    package init(_ outcome: RpfwatchProcess.Outcome) {
        var events: [JSONValue] = []
        var problems: [String] = []
        for (number, line) in outcome.lines.enumerated() {
            guard let event = JSONValue(line), let action = event["event.action"]?.string else {
                problems.append("line \(number + 1) is not an event: \(line.prefix(200))")
                continue
            }
            events.append(event)
            problems += Self.envelopeProblems(event, action, size: line.utf8.count).map { "line \(number + 1): \($0)" }
        }
        all = events
        let actions = events.map { $0["event.action"]?.string ?? "" }
        if actions.first != "start" { problems.append("the first event is \(actions.first ?? "missing"), not start") }
        if actions.last != "end" { problems.append("the last event is \(actions.last ?? "missing"), not end") }
        for action in ["start", "end"] where actions.filter({ $0 == action }).count > 1 {
            problems.append("more than one \(action) event")
        }
        let sequence = events.compactMap { $0["event.sequence"]?.integer }
        if let first = sequence.first, sequence != Array(first..<first + events.count) {
            problems.append("event.sequence has gaps: \(sequence)")
        }
        self.problems = problems
    }

    package func events(_ action: String) -> [JSONValue] {
        all.filter { $0["event.action"]?.string == action }
    }

    package var drops: [JSONValue] { events("rpf-drop") }
    package var end: JSONValue? { events("end").last }

    /// The last word on each finding, in the order in which they first came.
    package var findings: [JSONValue] {
        var order: [String] = []
        var latest: [String: JSONValue] = [:]
        for event in events("rpf-finding") {
            let id = event["rpf.finding_id"]?.string ?? ""
            if latest.updateValue(event, forKey: id) == nil { order.append(id) }
        }
        return order.compactMap { latest[$0] }
    }

    /// What is wrong with the totals of the `end` event by themselves.
    package var totalsProblems: [String] {
        guard let end else { return ["there are no totals"] }
        var problems: [String] = []
        func number(_ name: String) -> Int {
            guard let value = end["rpf.\(name)"]?.integer else {
                problems.append("end has no number rpf.\(name)")
                return 0
            }
            return value
        }
        let parts = ["emitted", "suppressed", "lost", "filtered"].map(number)
        let drops = number("drops")
        if parts.reduce(0, +) != drops {
            problems.append("drops \(drops) are not emitted + suppressed + lost + filtered \(parts)")
        }
        if number("kernel.unexplained") != 0 {
            problems.append("rpf.kernel.unexplained is not 0: \(end["rpf.kernel"] ?? .null)")
        }
        return problems
    }

    /// The keys that an event of an action always has, whatever is known.
    private static let keys: [String: [String]] = [
        "start": ["tier", "hooks", "filters", "blind", "missing_privileges"].map { "rpf.trace.\($0)" },
        "rpf-drop": [
            "network.type", "network.transport", "network.iana_number", "network.packets", "network.bytes",
            "network.interface.name", "source.address", "source.ip", "source.port", "source.mac",
            "destination.address", "destination.ip", "destination.port", "rpf.sysctl.all", "rpf.sysctl.iface",
            "rpf.sysctl.effective", "rpf.sysctl.accept_local", "rpf.sysctl.src_valid_mark", "rpf.netns.inum",
            "rpf.netns.cookie", "rpf.netns.name", "rpf.netns.pid", "rpf.netns.comm",
        ]
            + [
                "attributed", "cause", "factors", "certainty", "inferred_from", "drop_reason", "location", "path",
                "probe", "sysctl", "reverse", "mark", "netns", "ifindex", "iface_kind", "iface_has_ipv4", "vrf",
                "finding_id",
            ].map { "rpf.\($0)" },
        "rpf-finding": [
            "finding_id", "attributed", "cause", "factors", "path", "netns", "sysctl", "reverse", "sources", "drops",
            "first_seen", "last_seen", "fix", "alternatives", "rejected", "fix.id", "fix.commands", "fix.revert",
            "fix.persist", "fix.predicted", "fix.admits.packets", "fix.admits.of", "fix.widens", "fix.side_effects",
            "fix.incomplete",
        ].map { "rpf.\($0)" },
        "stats": totals,
        "end": totals + ["rpf.window.start", "rpf.window.end", "rpf.end.reason"],
        "lost": ["rpf.loss.source", "rpf.loss.count", "rpf.loss.total"],
        "config-change": ["kind", "object", "before", "after"].map { "rpf.change.\($0)" },
    ]

    private static let totals =
        ["drops", "emitted", "suppressed", "lost", "filtered", "other_drops"].map { "rpf.\($0)" }
        + ["ip_reverse_path_filter", "min", "max", "unexplained", "netns_watched", "netns_unreadable"].map {
            "rpf.kernel.\($0)"
        }

    private static let envelope = [
        "@timestamp", "schema_version", "event.kind", "event.category", "event.type", "event.action", "event.dataset",
        "event.sequence", "event.reason", "event.duration", "log.level", "message", "host.name", "service.name",
        "service.version",
    ]

    private static func envelopeProblems(_ event: JSONValue, _ action: String, size: Int) -> [String] {
        var problems: [String] = []
        guard let keys = keys[action] else { return ["there is no action \(action)"] }
        for key in envelope + keys where event[key] == nil { problems.append("\(action) has no \(key)") }
        let limit = ["rpf-drop", "stats", "lost"].contains(action) ? 4_095 : 1 << 20
        if size > limit { problems.append("\(action) has \(size) bytes") }
        let time = event["@timestamp"]?.string ?? ""
        let digits = String(time.map { $0.isNumber ? "0" : $0 })
        if digits != "0000-00-00T00:00:00.000000000Z" { problems.append("@timestamp is \(time)") }
        return problems
    }
}
