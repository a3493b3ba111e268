// SPDX-License-Identifier: Apache-2.0
import Lab

/// Two runs of rpfwatch over the same packets: one prints for the person, the other tells the demo what to do.
struct Tracing {
    /// A `rpf-finding` event.
    struct Finding {
        var cause: String
        var interface: String
        var drops: Int
        var fix: Fix
    }

    struct Fix {
        var id: String
        var commands: [String]
        var revert: [String]
        /// Effective rp_filter afterwards, by interface.
        var widens: [String: Int]
    }

    var text: [String]
    var findings: [Finding]
    /// Drops by rp_filter in the namespace.
    var drops: Int
    /// What the kernel's own counter has more or less; nil when it could not be read.
    var unexplained: Int?

    static func command(_ namespace: Namespace) -> String { "rpfwatch trace --follow --netns \(namespace.argument)" }

    /// Traces a namespace while `body` runs.
    init(_ namespace: Namespace, while body: () throws -> Void) throws {
        let shown = try RpfwatchProcess(["trace", "--follow", "--netns", namespace.argument, "--color", Screen.color])
        let machine = try RpfwatchProcess(["trace", "--json", "--netns", namespace.argument])
        try machine.waitForStart()
        guard eventually(within: 20, { shown.standardError.contains("watching") }) else {
            throw LabError("rpfwatch trace did not start: \(shown.standardError)")
        }
        try body()
        // A moment more, for what might still come.
        _ = eventually(within: 0.5) { isInterrupted }
        try stopIfInterrupted()
        let shownOutcome = try shown.interruptAndFinish()
        let outcome = try machine.interruptAndFinish()
        for one in [shownOutcome, outcome] where one.status != 0 {
            throw LabError("rpfwatch ended with status \(one.status): \(one.standardError)")
        }
        text = shownOutcome.lines
        guard let events = outcome.events, let end = events.last, end["event.action"] == "end",
            let drops = end["rpf.drops"]?.integer
        else { throw LabError("rpfwatch --json did not close with an end event: \(outcome.lines)") }
        self.drops = drops
        unexplained = end["rpf.kernel.unexplained"]?.integer
        var latest: [String: Finding] = [:]
        for event in events where event["event.action"] == "rpf-finding" {
            latest[event["rpf.finding_id"]?.string ?? ""] = try Finding(event)
        }
        findings = latest.values.sorted { $0.drops > $1.drops }
    }
}

extension Tracing.Finding {
    fileprivate init(_ event: JSONValue) throws {
        guard let cause = event["rpf.cause"]?.string, let interface = event["network.interface.name"]?.string,
            let drops = event["rpf.drops"]?.integer, let id = event["rpf.fix.id"]?.string,
            let commands = event["rpf.fix.commands"]?.array, let revert = event["rpf.fix.revert"]?.array,
            let widens = event["rpf.fix.widens"]?.array
        else { throw LabError("a rpf-finding event lacks a key that it must have: \(event)") }
        let widenings = widens.compactMap { widening in
            widening["interface"]?.string.flatMap { name in widening["after"]?.integer.map { (name, $0) } }
        }
        self.init(
            cause: cause, interface: interface, drops: drops,
            fix: Tracing.Fix(
                id: id, commands: commands.compactMap(\.string), revert: revert.compactMap(\.string),
                widens: Dictionary(widenings) { $1 }))
    }
}
