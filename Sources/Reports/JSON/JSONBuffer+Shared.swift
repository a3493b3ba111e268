// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// Members that several events have. Objects keep all their keys when nothing is known: the values are null then.
extension JSONBuffer {
    /// The beginning of a document that is no event of a stream: its time and its schema.
    mutating func beginDocument(at time: WallTime) {
        beginObject()
        key("@timestamp")
        self.time(time)
        key("schema_version")
        number(JSONWriter.schemaVersion)
    }

    mutating func factors(_ factors: [Factor]) {
        key("factors")
        beginArray()
        for factor in factors { word(factor.rawValue) }
        endArray()
    }

    mutating func certainty(_ certainty: Certainty) {
        key("certainty")
        beginObject()
        key("attributed")
        word(certainty.attributed.rawValue)
        key("cause")
        word(certainty.cause.rawValue)
        endObject()
    }

    mutating func inference(snapshotTime: WallTime?, raced: Bool?) {
        key("inferred_from")
        guard let snapshotTime, let raced else { return null() }
        beginObject()
        key("snapshot_time")
        time(snapshotTime)
        key("raced")
        bool(raced)
        endObject()
    }

    mutating func sysctl(_ values: SysctlValues?) {
        key("sysctl")
        beginObject()
        key("all")
        optional(values?.all) { $0.number($1) }
        key("iface")
        optional(values?.interface) { $0.number($1) }
        key("effective")
        optional(values?.effective) { $0.number($1) }
        key("accept_local")
        optional(values?.acceptLocal) { $0.bool($1) }
        key("src_valid_mark")
        optional(values?.srcValidMark) { $0.bool($1) }
        endObject()
    }

    mutating func reverse(_ route: ReverseRoute?) { self.route("reverse", route) }

    mutating func route(_ name: StaticString, _ route: ReverseRoute?) {
        key(name)
        beginObject()
        key("type")
        optional(route?.kind) { $0.string($1, limit: Limit.name) }
        key("iface")
        optional(route?.interface) { $0.string($1) }
        interfaceHex("iface_hex", route?.interface)
        key("ifindex")
        optional(route?.interfaceIndex) { $0.number($1) }
        key("gateway")
        optional(route?.gateway) { $0.address($1) }
        key("table")
        optional(route?.table) { $0.number($1) }
        key("rule_pref")
        optional(route?.rulePriority) { $0.number($1) }
        key("prefix")
        optional(route?.prefix) { $0.prefix($1) }
        endObject()
    }

    mutating func netns(_ namespace: NamespaceIdentity) {
        key("netns")
        beginObject()
        members(of: namespace)
        endObject()
    }

    mutating func members(of namespace: NamespaceIdentity) {
        key("inum")
        number(namespace.inode)
        key("cookie")
        if let cookie = namespace.cookie {
            openString()
            digits(cookie)
            closeString()
        } else {
            null()
        }
        key("name")
        optional(namespace.name) { $0.string($1, limit: Limit.long) }
        key("pid")
        optional(namespace.processID) { $0.number($1) }
        key("comm")
        optional(namespace.command) { $0.string($1, limit: Limit.name) }
        key("own")
        bool(namespace.isOwn)
        key("initial")
        bool(namespace.isInitial)
    }

    mutating func container(_ container: Container?) {
        key("container")
        beginObject()
        key("id")
        optional(container?.id) { $0.string($1, limit: Limit.name) }
        key("name")
        optional(container?.name) { $0.string($1, limit: Limit.long) }
        endObject()
    }

    /// The octets of a name that `string` cannot give without loss; null for all others.
    mutating func interfaceHex(_ name: StaticString, _ interface: InterfaceName?) {
        key(name)
        guard let interface, !interface.bytes.allSatisfy({ $0 < 0x80 }), !interface.isValidUTF8 else { return null() }
        hex(interface.bytes)
    }
}
