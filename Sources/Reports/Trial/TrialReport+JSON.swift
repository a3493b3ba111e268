// SPDX-License-Identifier: Apache-2.0
import Facts
import Fixes

extension TrialReport {
    /// One JSON object on one line, with its newline: `rpf.trial` beside the members of `rpf-finding`.
    package func json() -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginDocument(at: time)
        buffer.members(of: origin, start: nil)
        buffer.object("network") { $0.object("interface") { $0.member("name", finding.interface) } }
        buffer.container(finding.namespace.container)
        buffer.object("rpf") { rpf in
            rpf.object("trial") { $0.members(of: self) }
            rpf.members(of: finding, detail: .full)
        }
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }
}

extension JSONBuffer {
    fileprivate mutating func members(of report: TrialReport) {
        key("fix_id")
        word(report.fix.id.rawValue)
        key("outcome")
        word(report.outcome.rawValue)
        key("ending")
        word(report.ending.rawValue)
        key("traffic")
        string(report.traffic)
        passage("before", report.before)
        passage("during", report.during)
        array("changes", report.changes) { $0.write($1) }
        key("other_interfaces")
        number(report.otherInterfaces)
        array("unexpected", report.surprises) { list, surprise in
            list.beginObject()
            list.key("interface")
            list.string(surprise.interface)
            list.interfaceHex("interface_hex", surprise.interface)
            list.key("expected")
            list.number(surprise.expected)
            list.key("found")
            list.number(surprise.found)
            list.endObject()
        }
        array("overwritten", report.overwritten) { list, entry in
            list.beginObject()
            list.key("change")
            list.write(entry.change)
            list.key("value")
            if case .overwritten(let value)? = entry.found { list.string(value) } else { list.null() }
            list.key("writer")
            list.optional(entry.writer) { $0.string($1) }
            list.endObject()
        }
        key("kept")
        bool(report.isKept)
        undone(report.undone)
        key("persisted")
        optional(report.persisted) { $0.string($1) }
        key("as_before")
        optional(report.isAsBefore) { $0.bool($1) }
    }

    private mutating func passage(_ name: StaticString, _ passage: TrialReport.Passage) {
        object(name) { object in
            object.key("arrived")
            object.number(passage.arrived)
            object.key("dropped")
            object.optional(passage.dropped) { $0.number($1) }
            object.key("accepted")
            object.optional(passage.accepted) { $0.number($1) }
            object.key("duration")
            object.number(passage.nanoseconds)
        }
    }
}
