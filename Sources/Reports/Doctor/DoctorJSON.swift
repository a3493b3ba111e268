// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension DoctorReport {
    /// One JSON object on one line, with its newline.
    package func json() -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginObject()
        buffer.key("schema_version")
        buffer.number(JSONWriter.schemaVersion)
        buffer.members(
            of: origin,
            start: StartInfo(kernelRelease: kernelRelease, architecture: architecture, tier: chosenTier ?? ""))
        buffer.object("rpf") { $0.object("doctor") { $0.members(self) } }
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }
}

extension JSONBuffer {
    fileprivate mutating func members(_ report: DoctorReport) {
        key("libbpf")
        optional(report.libbpfVersion) { $0.string($1) }
        key("btf")
        bool(report.btfProblem == nil)
        key("btf_problem")
        optional(report.btfProblem) { $0.string($1) }
        key("drop_reasons")
        optional(report.hasDropReasons) { $0.bool($1) }
        key("sysctl_writers")
        optional(report.seesWriters) { $0.bool($1) }
        key("sysctl_writers_problem")
        optional(report.writesProblem) { $0.string($1) }
        array("missing_privileges", report.missingPrivileges) { list, privilege in
            list.beginObject()
            list.key("capability")
            list.string(privilege.capability)
            list.key("cost")
            list.string(privilege.cost)
            list.endObject()
        }
        array("tiers", report.tiers) { list, status in
            list.beginObject()
            list.key("tier")
            list.string(status.tier)
            list.key("usable")
            list.bool(status.refusal == nil)
            list.key("reason")
            list.optional(status.refusal) { $0.string($1) }
            list.array("blind", status.blindSpots) { $0.string($1) }
            list.endObject()
        }
        key("tier")
        optional(report.chosenTier) { $0.string($1) }
        array("blind", report.blindSpots) { $0.string($1) }
        array("namespaces", report.namespaces) { $0.namespace($1) }
    }

    private mutating func namespace(_ modes: DoctorReport.NamespaceModes) {
        beginObject()
        netns(modes.namespace)
        container(modes.namespace.container)
        key("problem")
        optional(modes.problem) { $0.string($1) }
        key("all")
        optional(modes.all) { $0.number($1) }
        owner("all_owner", modes.allOwner)
        key("default")
        optional(modes.default) { $0.number($1) }
        owner("default_owner", modes.defaultOwner)
        key("sysctl_reader")
        optional(modes.reader) { $0.string($1) }
        array("interfaces", modes.interfaces) { list, mode in
            list.beginObject()
            list.member("name", mode.interface)
            list.interfaceHex("interface_hex", mode.interface)
            list.key("iface_kind")
            list.optional(mode.kind) { $0.string($1) }
            list.key("iface_has_ipv4")
            list.bool(mode.hasAddress)
            list.key("own")
            list.number(mode.own)
            list.key("effective")
            list.number(mode.effective)
            list.owner("owner", mode.owner)
            list.endObject()
        }
        endObject()
    }
}
