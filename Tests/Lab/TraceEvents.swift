// SPDX-License-Identifier: Apache-2.0

/// Everything that `trace --json` wrote, by kind of event.
package struct TraceEvents {
    package let all: [JSONValue]
    /// What is wrong with the stream as such; empty when nothing is.
    package let problems: [String]

    /// How many `rpf-drop` lines there were.
    package let dropCount: Int

    /// Without `parsingDrops` the drops of a flood are only counted, as reading each of them takes long.
    package init(_ outcome: RpfwatchProcess.Outcome, parsingDrops: Bool = true) {
        var events: [JSONValue] = []
        var problems: [String] = []
        var dropCount = 0
        for (number, line) in outcome.lines.enumerated() {
            if line.contains(#""action":"rpf-drop""#) {
                dropCount += 1
                if !parsingDrops { continue }
            }
            guard let event = JSONValue(line), let action = event["event.action"]?.string else {
                problems.append("line \(number + 1) is not an event: \(line.prefix(200))")
                continue
            }
            events.append(event)
            problems += EventShape.problems(event, action, size: line.utf8.count).map { "line \(number + 1): \($0)" }
        }
        all = events
        let actions = events.map { $0["event.action"]?.string ?? "" }
        if actions.first != "start" { problems.append("the first event is \(actions.first ?? "missing"), not start") }
        if actions.last != "end" { problems.append("the last event is \(actions.last ?? "missing"), not end") }
        for action in ["start", "end"] where actions.filter({ $0 == action }).count > 1 {
            problems.append("more than one \(action) event")
        }
        let sequence = events.compactMap { $0["event.sequence"]?.integer }
        if parsingDrops, let first = sequence.first, sequence != Array(first..<first + events.count) {
            problems.append("event.sequence has gaps: \(sequence)")
        }
        self.problems = problems
        self.dropCount = dropCount
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
}
