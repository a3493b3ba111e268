// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// Why a file is not a snapshot.
package struct SnapshotError: Error, Hashable, Sendable {
    package enum Problem: Hashable, Sendable {
        case notJSON
        /// The key, and where it belongs.
        case lacks(String)
        case newerSchema(Int)
    }

    package var problem: Problem

    /// A clause that says what is wrong and what can be done.
    package var description: String {
        switch problem {
        case .notJSON: "it is not one whole JSON object; write it with `rpfwatch explain --snapshot FILE`"
        case .lacks(let key):
            "it has no usable \(key); write it with `rpfwatch explain --snapshot FILE`"
        case .newerSchema(let version):
            "it was written with schema version \(version), this rpfwatch knows \(JSONWriter.schemaVersion);"
                + " read it with the version that wrote it"
        }
    }
}

extension Snapshot {
    /// Reads what `json()` wrote. Values that are missing get their defaults; parts that nothing can be said without
    /// have to be there, and every element of them has to be readable: half a routing table would answer wrongly.
    package init(json text: some Sequence<UInt8>) throws(SnapshotError) {
        let json: JSONValue
        do throws(JSONParser.Failure) {
            json = try JSONParser.parse(Array(text)[...])
        } catch {
            throw SnapshotError(problem: .notJSON)
        }
        if let version = json["schema_version"]?.integer(Int.self), version > JSONWriter.schemaVersion {
            throw SnapshotError(problem: .newerSchema(version))
        }
        guard let snapshot = json.member("rpf.snapshot") else { throw SnapshotError(problem: .lacks("rpf.snapshot")) }
        let conf = snapshot["conf"]
        var interfaces: [UInt32: InterfaceConfiguration] = [:]
        for entry in try snapshot.elements("conf.interfaces", { $0 }) {
            guard let index = entry["ifindex"]?.integer(UInt32.self), let own = InterfaceConfiguration(entry) else {
                throw SnapshotError(problem: .lacks("ifindex in rpf.snapshot.conf.interfaces"))
            }
            interfaces[index] = own
        }
        guard let all = InterfaceConfiguration(conf?["all"]), let other = InterfaceConfiguration(conf?["default"])
        else { throw SnapshotError(problem: .lacks("rpf.snapshot.conf")) }
        var namespace = NamespaceIdentity(snapshot["netns"], container: json["container"])
        namespace.creator = NamespaceCreator(snapshot["creator"])
        self.init(
            origin: Origin(
                host: json.member("host.name")?.string ?? "?", version: json.member("service.version")?.string ?? "?"),
            time: json["@timestamp"]?.time ?? WallTime(nanoseconds: 0),
            facts: NetworkFacts(
                namespace: namespace,
                links: try snapshot.elements("links", Link.init),
                addresses: try snapshot.elements("addresses", InterfaceAddress.init),
                rules: try snapshot.elements("rules", Rule.init), routes: try snapshot.elements("routes", Route.init),
                neighbors: try snapshot.elements("neighbors", Neighbor.init),
                configuration: NamespaceConfiguration(all: all, default: other, interfaces: interfaces),
                hasCustomRules: snapshot["custom_rules"]?.bool,
                hasCustomLocalRoutes: snapshot["custom_local_routes"]?.bool,
                services: HostServices(snapshot["services"]),
                sysctlSources: SysctlSources(snapshot["sysctl_sources"])))
    }
}

extension JSONValue {
    /// A list that must be there, each element of which must be readable.
    fileprivate func elements<Element>(
        _ path: String, _ read: (JSONValue) -> Element?
    ) throws(SnapshotError) -> [Element] {
        guard case .array(let values)? = member(path) else {
            throw SnapshotError(problem: .lacks("rpf.snapshot.\(path)"))
        }
        var result: [Element] = []
        result.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let element = read(value) else {
                throw SnapshotError(problem: .lacks("rpf.snapshot.\(path)[\(index)]"))
            }
            result.append(element)
        }
        return result
    }

    /// The range of an array of its two ends; nil for anything else.
    fileprivate func range<Bound: FixedWidthInteger>() -> ClosedRange<Bound>? {
        let ends: [Bound] = array.compactMap { $0.integer() }
        guard ends.count == 2, array.count == 2, ends[0] <= ends[1] else { return nil }
        return ends[0]...ends[1]
    }

    fileprivate var mac: MACAddress? {
        guard let parts = string?.split(separator: "-"), parts.count == 6 else { return nil }
        let octets = parts.compactMap { UInt8($0, radix: 16) }
        guard octets.count == 6 else { return nil }
        return MACAddress(rawValue: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    fileprivate func isSet(_ name: String) -> Bool { self[name]?.bool ?? false }
}

extension Link {
    fileprivate init?(_ json: JSONValue) {
        guard let index = json["ifindex"]?.integer(UInt32.self),
            let name = json.interface("name", hex: json["name_hex"])
        else { return nil }
        self.init(
            index: index, name: name, kind: json["kind"]?.string, master: json["master"]?.integer(),
            parent: json["link"]?.integer(), vrfTable: json["vrf_table"]?.integer(), isUp: json.isSet("up"),
            hasCarrier: json.isSet("carrier"), isLoopback: json.isSet("loopback"), macAddress: json["mac"]?.mac,
            group: json["group"]?.integer() ?? 0,
            multicastGroups: json["multicast_groups"].map { Set($0.array.compactMap(\.address)) })
    }
}

extension InterfaceAddress {
    init?(_ json: JSONValue) {
        guard let interface = json["ifindex"]?.integer(UInt32.self), let local = json["local"]?.address,
            let prefix = json["prefix"]?.prefix
        else { return nil }
        self.init(
            interface: interface, local: local, prefix: prefix, broadcast: json["broadcast"]?.address,
            scope: json["scope"]?.integer() ?? 0, isSecondary: json.isSet("secondary"))
    }
}

extension Rule {
    init?(_ json: JSONValue) {
        guard let priority = json["priority"]?.integer(UInt32.self) else { return nil }
        let action: Action
        switch json["action"]?.string {
        case "lookup": action = .lookup(table: json["table"]?.integer() ?? 0)
        case "goto": action = .goto(priority: json["goto"]?.integer())
        case "nop": action = .nop
        case "blackhole": action = .blackhole
        case "unreachable": action = .unreachable
        case "prohibit": action = .prohibit
        default: return nil
        }
        self.init(
            priority: priority, from: json["from"]?.prefix, to: json["to"]?.prefix,
            inputInterface: json.interface("iif", hex: json["iif_hex"]),
            outputInterface: json.interface("oif", hex: json["oif_hex"]), mark: json["fwmark"]?.integer() ?? 0,
            markMask: json["fwmask"]?.integer() ?? 0, tos: json["tos"]?.integer() ?? 0,
            tosMask: json["tos_mask"]?.integer() ?? 0x1C,
            transport: json["ipproto"]?.integer(UInt8.self).map { IPProtocol(rawValue: $0) },
            sourcePorts: json["sport"]?.range(), destinationPorts: json["dport"]?.range(),
            userIDs: json["uidrange"]?.range(), tunnelKey: json["tun_id"]?.integer(), isL3Master: json.isSet("l3mdev"),
            isInverted: json.isSet("not"), suppressPrefixLength: json["suppress_prefixlength"]?.integer(),
            suppressInterfaceGroup: json["suppress_ifgroup"]?.integer(), hasRealm: json.isSet("realm"), action: action)
    }
}

extension Route {
    private static let kinds: [String: Kind] = Dictionary(
        uniqueKeysWithValues: (1...10).compactMap { Kind(rawValue: $0) }.map { ("\($0)", $0) })

    init?(_ json: JSONValue) {
        guard let table = json["table"]?.integer(UInt32.self), let destination = json["dst"]?.prefix,
            let kind = json["type"]?.string.flatMap({ Self.kinds[$0] })
        else { return nil }
        var nexthops: [Nexthop] = []
        for hop in json["nexthops"]?.array ?? [] {
            guard let nexthop = Nexthop(hop) else { return nil }
            nexthops.append(nexthop)
        }
        self.init(
            table: table, destination: destination, tos: json["tos"]?.integer() ?? 0,
            metric: json["metric"]?.integer() ?? 0, kind: kind, scope: json["scope"]?.integer() ?? 0,
            origin: json["protocol"]?.integer() ?? 0, preferredSource: json["prefsrc"]?.address, nexthops: nexthops,
            hasRealm: json.isSet("realm"))
    }
}

extension Nexthop {
    fileprivate init?(_ json: JSONValue) {
        guard let interface = json["ifindex"]?.integer(UInt32.self) else { return nil }
        self.init(
            interface: interface, gateway: json["via"]?.address, weight: json["weight"]?.integer() ?? 1,
            isDead: json.isSet("dead"), isLinkDown: json.isSet("linkdown"), isOnLink: json.isSet("onlink"))
    }
}

extension Neighbor {
    fileprivate init?(_ json: JSONValue) {
        guard let interface = json["ifindex"]?.integer(UInt32.self), let address = json["dst"]?.address else {
            return nil
        }
        self.init(
            interface: interface, address: address, macAddress: json["mac"]?.mac, hasFailed: json.isSet("failed"))
    }
}

extension InterfaceConfiguration {
    fileprivate init?(_ json: JSONValue?) {
        guard let json, let rpFilter = json["rp_filter"]?.integer(Int32.self) else { return nil }
        self.init(
            rpFilter: rpFilter, acceptLocal: json.isSet("accept_local"), srcValidMark: json.isSet("src_valid_mark"),
            routeLocalnet: json.isSet("route_localnet"), forwarding: json.isSet("forwarding"),
            sendRedirects: json.isSet("send_redirects"), broadcastForwarding: json.isSet("bc_forwarding"),
            ignoreRoutesWithLinkdown: json.isSet("ignore_routes_with_linkdown"), arpFilter: json.isSet("arp_filter"),
            arpIgnore: json["arp_ignore"]?.integer() ?? 0, arpAnnounce: json["arp_announce"]?.integer() ?? 0)
    }
}
