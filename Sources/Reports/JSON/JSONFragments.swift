// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets

/// Encoded parts that stay the same from one event to the next: all of a drop but its packet, time and number.
///
/// Encoding these again for every drop costs several times as much as all the rest.
struct JSONFragments {
    private var openings: [EventAction: [UInt8]] = [:]
    private var origin: (value: Origin, octets: [UInt8])?
    /// By finding; drops without one share a place.
    private var judgements: [String: (value: Judgement, octets: [UInt8])] = [:]
    /// A flood of distinct findings does not grow the memory.
    private static let judgementLimit = 256

    /// From after the time stamp to before the number: `,"schema_version":1,"event":{… "sequence":`.
    mutating func opening(of action: EventAction) -> [UInt8] {
        if let known = openings[action] { return known }
        var buffer = JSONBuffer()
        buffer.key("schema_version")
        buffer.number(JSONWriter.schemaVersion)
        buffer.key("event")
        buffer.beginObject()
        buffer.key("kind")
        buffer.word(action.kind)
        buffer.key("category")
        buffer.beginArray()
        buffer.word(action.category)
        buffer.endArray()
        buffer.key("type")
        buffer.beginArray()
        buffer.word(action.type)
        buffer.endArray()
        buffer.key("action")
        buffer.word(action.rawValue)
        buffer.key("dataset")
        buffer.word(action.dataset)
        buffer.key("sequence")
        openings[action] = buffer.bytes
        return buffer.bytes
    }

    /// `,"host":{…},"service":{…}`.
    mutating func members(of value: Origin) -> [UInt8] {
        if let origin, origin.value == value { return origin.octets }
        var buffer = JSONBuffer()
        buffer.members(of: value, start: nil)
        origin = (value, buffer.bytes)
        return buffer.bytes
    }

    /// `,"container":{…},"rpf":{…}` of a drop.
    mutating func judgement(of report: DropReport) -> [UInt8] {
        let judgement = Judgement(report)
        let place = report.findingID ?? ""
        if let known = judgements[place], known.value == judgement { return known.octets }
        if judgements.count >= Self.judgementLimit { judgements.removeAll(keepingCapacity: true) }
        var buffer = JSONBuffer()
        buffer.write(judgement)
        judgements[place] = (judgement, buffer.bytes)
        return buffer.bytes
    }
}

/// All of a drop that is written but its packet.
struct Judgement: Equatable {
    var attribution: DropAttribution
    var namespace: NamespaceIdentity
    var findingID: String?
    var snapshotTime: WallTime?
    var vrf: InterfaceName?
    var vrfIndex: UInt32?
    var reasonName: String?
    var location: UInt64
    var locationSymbol: String?
    var hooks: DropHooks
    var sysctls: SysctlsAtDrop?
    var mark: UInt32
    var interface: InterfaceName
    var interfaceIndex: UInt32
    var interfaceKind: String?
    var interfaceHasAddress: Bool?

    init(_ report: DropReport) {
        attribution = report.attribution
        namespace = report.namespace
        findingID = report.findingID
        snapshotTime = report.snapshotTime
        vrf = report.vrf
        vrfIndex = report.drop.vrf
        reasonName = report.drop.reasonName
        location = report.drop.location
        locationSymbol = report.drop.locationSymbol
        hooks = report.drop.hooks
        sysctls = report.drop.sysctls
        mark = report.drop.packet.mark
        interface = report.drop.interfaceName
        interfaceIndex = report.drop.interfaceIndex
        interfaceKind = report.drop.interfaceKind
        // Of drops that have nothing to do with the source the kernel's record does not say it.
        interfaceHasAddress = report.drop.key.outcome == .other ? nil : report.drop.key.interfaceHasAddress
    }
}
