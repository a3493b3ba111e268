// SPDX-License-Identifier: Apache-2.0

/// What a stream carries.
package enum OutputFormat: String, Sendable, CaseIterable {
    case text, json
}

/// Turns events and reports into what one stream gets. This is the only place that asks for the format.
package struct Output {
    package let format: OutputFormat
    /// Whether each drop is shown as it happens.
    package let showsDrops: Bool
    private let style: Style
    private var writer = JSONWriter()
    private var follow: FollowLine
    private var hasHeader = false
    private var start: StartInfo?
    private var findings: [String: FindingReport] = [:]

    package init(_ format: OutputFormat, showsDrops: Bool, style: Style) {
        self.format = format
        self.showsDrops = showsDrops
        self.style = style
        follow = FollowLine(style: style)
    }

    /// The octets to write for an event, to be written with one write(2); empty when this stream shows nothing for it.
    package mutating func render(_ event: Event) -> [UInt8] {
        if case .drop = event.payload, !showsDrops { return [] }
        switch format {
        case .json:
            writer.encode(event)
            return writer.line
        case .text:
            return Array(text(event).utf8)
        }
    }

    private mutating func text(_ event: Event) -> String {
        switch event.payload {
        case .drop(let report):
            let line = follow.line(report, at: event.time)
            defer { hasHeader = true }
            return hasHeader ? line : follow.header + line
        case .start(let start):
            self.start = start
            return ""
        case .finding(let finding):
            findings[finding.id] = finding
            return ""
        case .end(let end):
            let report = RunReport(origin: event.origin, start: start, findings: Array(findings.values), end: end)
            return (hasHeader ? "\n" : "") + TextReport.render(report, style: style)
        case .stats, .lost, .configChange:
            return ""
        }
    }

    /// The octets of finished reports, as `rpfwatch report` prints them: text, or the merged findings as events.
    package mutating func render(_ reports: [RunReport]) -> [UInt8] {
        switch format {
        case .json:
            var octets: [UInt8] = []
            for event in reports.flatMap({ $0.events() }) {
                writer.encode(event)
                octets += writer.line
            }
            return octets
        case .text:
            return Array(TextReport.render(reports, style: style).utf8)
        }
    }

    /// The octets of `rpfwatch explain`'s answer: of one interface from top to bottom, of several in a table.
    package func render(_ reports: [ExplainReport], asTable: Bool) -> [UInt8] {
        switch format {
        case .json: reports.flatMap { $0.json() }
        case .text where asTable: Array(ExplainReport.table(reports, style: style).utf8)
        case .text: Array(reports.map { $0.text(style: style) }.joined(separator: "\n").utf8)
        }
    }

    /// The octets of `rpfwatch doctor`'s answer.
    package func render(_ report: DoctorReport) -> [UInt8] {
        switch format {
        case .json: report.json()
        case .text: Array(report.text(style: style).utf8)
        }
    }
}
