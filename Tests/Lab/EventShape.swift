// SPDX-License-Identifier: Apache-2.0

/// What every event of the contract has, whatever is known.
enum EventShape {
    /// What is wrong with one event by itself.
    static func problems(_ event: JSONValue, _ action: String, size: Int) -> [String] {
        guard let paths = paths[action] else { return ["there is no action \(action)"] }
        var problems: [String] = []
        for path in paths where event[path] == nil {
            problems.append("\(action) has no \(path.joined(separator: "."))")
        }
        let limit = ["rpf-drop", "stats", "lost"].contains(action) ? 4_095 : 1 << 20
        if size > limit { problems.append("\(action) has \(size) bytes") }
        let time = event["@timestamp"]?.string ?? ""
        let digits = time.utf8.map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
        if digits != Array("0000-00-00T00:00:00.000000000Z".utf8) { problems.append("@timestamp is \(time)") }
        return problems
    }

    /// The paths of all its keys, taken apart, by action.
    private static let paths = keys.mapValues { keys in
        (envelope + keys).map { $0.split(separator: ".").map(String.init) }
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
            "finding_id", "attributed", "cause", "factors", "path", "netns", "sysctl", "reverse", "sources",
            "changed_values", "spoofing", "drops", "first_seen", "last_seen", "fix", "alternatives", "rejected",
            "fix.id",
            "fix.commands", "fix.revert",
            "fix.persist", "fix.predicted", "fix.admits.packets", "fix.admits.of", "fix.widens", "fix.side_effects",
            "fix.incomplete", "filter_rule",
        ].map { "rpf.\($0)" } + ["network.type", "network.interface.name"],
        "stats": totals,
        "end": totals + ["rpf.window.start", "rpf.window.end", "rpf.end.reason"],
        "lost": ["rpf.loss.source", "rpf.loss.count", "rpf.loss.total"],
        "config-change": ["change.kind", "change.object", "change.before", "change.after", "change.writer", "netns"].map
        {
            "rpf.\($0)"
        },
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
}
