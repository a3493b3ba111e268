// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets

extension ExplainReport {
    /// One JSON object on one line, with its newline. A refusal has the members of `rpf-finding` beside `rpf.explain`.
    package func json() -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginObject()
        buffer.key("schema_version")
        buffer.number(JSONWriter.schemaVersion)
        buffer.members(of: origin, start: nil)
        buffer.object("network") { network in
            network.object("interface") { $0.member("name", interface) }
            network.key("iana_number")
            network.optional(isARP ? nil : packet.transport.rawValue) { $0.number($1) }
        }
        buffer.object("source") { $0.endpoint(packet.sourceAddress, port: packet.sourcePort) }
        buffer.object("destination") { $0.endpoint(packet.destinationAddress, port: packet.destinationPort) }
        buffer.container(namespace.container)
        buffer.object("rpf") { rpf in
            rpf.object("explain") { $0.members(of: self) }
            if let finding { rpf.members(of: finding, detail: .full) }
        }
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }
}

extension JSONBuffer {
    fileprivate mutating func members(of report: ExplainReport) {
        key("verdict")
        word(report.verdict.word)
        key("reason")
        if case .notEvaluated(let reason) = report.verdict { string(reason) } else { null() }
        key("cause")
        optional(report.finding?.cause) { $0.word($1.rawValue) }
        key("path")
        optional(report.path) { $0.word($1.rawValue) }
        netns(report.namespace)
        key("ifindex")
        number(report.interfaceIndex)
        interfaceHex("interface_hex", report.interface)
        key("iface_has_ipv4")
        bool(report.hasAddress)
        key("mark")
        number(report.packet.mark)
        key("tos")
        number(report.packet.tos)
        sysctl(report.sysctls)
        route("forward", report.forward)
        reverse(report.reverse)
        array("tables", report.tables) { $0.number($1) }
        key("kernel")
        optional(report.opinion) { buffer, opinion in
            buffer.beginObject()
            buffer.key("answer")
            buffer.string(opinion.answer)
            buffer.key("agrees")
            buffer.optional(opinion.agrees) { $0.bool($1) }
            buffer.endObject()
        }
        array("unknown", report.unknown) { $0.string($1) }
    }
}
