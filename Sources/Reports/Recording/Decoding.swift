// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets

/// The way back from `JSONWriter`: what is missing or of another type becomes unknown, unless nothing can be said
/// without it.
extension JSONValue {
    func member(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(self) { $0?[String($1)] }
    }

    /// The value of a key that must be there.
    func require<Value>(_ path: String, _ read: (JSONValue) -> Value?) throws(RecordingError.Problem) -> Value {
        guard let value = member(path).flatMap(read) else { throw .lacks(key: path) }
        return value
    }

    var time: WallTime? { string.flatMap(WallTime.init(rfc3339:)) }
    var address: IPv4Address? { string.flatMap { IPv4Address($0) } }
    var prefix: IPv4Prefix? { string.flatMap { IPv4Prefix($0) } }
    var anyAddress: IPAddress? { string.flatMap { IPAddress($0) } }
    var anyPrefix: IPPrefix? { string.flatMap { IPPrefix($0) } }

    /// A name of one member and its octets of another, which is only there when the name is not UTF-8.
    func interface(_ name: String, hex: JSONValue?) -> InterfaceName? {
        if let octets = hex?.octets, octets.count <= 32 { return InterfaceName(bytes: octets) }
        return self[name]?.string.map { InterfaceName($0) }
    }

    /// The octets that a string of hexadecimal digits stands for.
    var octets: [UInt8]? {
        guard let digits = string.map({ Array($0.utf8) }), digits.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let octet = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            octets.append(octet)
        }
        return octets
    }
}

extension NamespaceIdentity {
    /// From `rpf.netns` and `container`.
    init(_ json: JSONValue?, container: JSONValue?) {
        self.init(
            inode: json?["inum"]?.integer() ?? 0, cookie: json?["cookie"]?.string.flatMap { UInt64($0) },
            name: json?["name"]?.string, processID: json?["pid"]?.integer(), command: json?["comm"]?.string,
            container: container?["id"]?.string.map { Container(id: $0, name: container?["name"]?.string) },
            isOwn: json?["own"]?.bool ?? false, isInitial: json?["initial"]?.bool ?? false)
    }
}

extension SysctlValues {
    init?(_ json: JSONValue?) {
        guard let all = json?["all"]?.integer(Int32.self), let interface = json?["iface"]?.integer(Int32.self) else {
            return nil
        }
        self.init(
            all: all, interface: interface, acceptLocal: json?["accept_local"]?.bool ?? false,
            srcValidMark: json?["src_valid_mark"]?.bool ?? false)
    }
}

extension ReverseRoute {
    init?(_ json: JSONValue?) {
        guard let json, let kind = json["type"]?.string else { return nil }
        self.init(
            kind: kind, interface: json.interface("iface", hex: json["iface_hex"]),
            interfaceIndex: json["ifindex"]?.integer(), gateway: json["gateway"]?.address,
            table: json["table"]?.integer(), rulePriority: json["rule_pref"]?.integer(), prefix: json["prefix"]?.prefix)
    }
}

extension FilterRule {
    init?(_ json: JSONValue?) {
        guard let json, let tool = json["tool"]?.string, let text = json["text"]?.string else { return nil }
        self.init(
            tool: tool == "nft" ? .nft : .iptables(command: tool), family: json["family"]?.string ?? "",
            table: json["table"]?.string ?? "", chain: json["chain"]?.string ?? "", handle: json["handle"]?.integer(),
            position: json["position"]?.integer() ?? 0, text: text, dropper: Self.dropper(json),
            place: json["hook"]?.string.flatMap { hook in
                json["priority"]?.integer().map { FilterRule.Place(hook: hook, priority: $0) }
            })
    }

    private static func dropper(_ json: JSONValue) -> Dropper? {
        guard let text = json["dropped_by"]?.string else { return nil }
        return json["dropped_by_position"]?.integer().map { .rule(position: $0, text: text) } ?? .policy
    }
}

extension Fix {
    init?(_ json: JSONValue?) {
        guard let json, let id = json["id"]?.string.flatMap(FixID.init(rawValue:)) else { return nil }
        let persist = json["persist"]
        self.init(
            id: id, summary: json["summary"]?.string ?? "", commands: json["commands"]?.strings ?? [],
            revert: json["revert"]?.strings ?? [],
            persist: persist?["path"]?.string.map {
                Persistence(
                    path: $0, content: persist?["content"]?.string ?? "", reader: persist?["reader"]?.string,
                    isProven: persist?["proven"]?.bool ?? false,
                    proof: (persist?["proof"]?.array ?? []).compactMap { ProofLine($0) })
            },
            predicted: json["predicted"]?.string.flatMap(Prediction.init(rawValue:)) ?? .unknown,
            admits: Admission(
                packets: json.member("admits.packets")?.integer() ?? 0, of: json.member("admits.of")?.integer() ?? 0),
            widens: (json["widens"]?.array ?? []).compactMap { widening in
                guard let interface = widening.interface("interface", hex: widening["interface_hex"]),
                    let before = widening["before"]?.integer(Int32.self),
                    let after = widening["after"]?.integer(Int32.self)
                else { return nil }
                return Widening(interface: interface, before: before, after: after)
            },
            sideEffects: json["side_effects"]?.strings ?? [], incomplete: json["incomplete"]?.bool ?? false)
    }
}

extension Fix.ProofLine {
    init?(_ json: JSONValue) {
        guard let interface = json.interface("interface", hex: json["interface_hex"]),
            let key = json["key"]?.string.flatMap(InterfaceSysctl.init(rawValue:)),
            let now = json["now"]?.integer(Int32.self), let before = json["before"]?.integer(Int32.self),
            let atBoot = json["at_boot"]?.integer(Int32.self)
        else { return nil }
        self.init(
            interface: interface, key: key, now: now, before: before, atBoot: atBoot,
            createdAgain: json["created_again"]?.integer())
    }
}

extension FindingReport.Example {
    init?(_ json: JSONValue?) {
        guard let json, let source = json.member("source.ip")?.anyAddress,
            let destination = json.member("destination.ip")?.anyAddress,
            let number = json["iana_number"]?.integer(UInt8.self)
        else { return nil }
        self.init(
            source: source, sourcePort: json.member("source.port")?.integer(), destination: destination,
            destinationPort: json.member("destination.port")?.integer(), transport: IPProtocol(rawValue: number))
    }
}

extension FindingReport.ChangedValue {
    init?(_ json: JSONValue) {
        guard let setting = json["setting"]?.string, let after = json["after"]?.integer(Int32.self),
            let time = json["time"]?.time
        else { return nil }
        self.init(
            setting: setting, before: json["before"]?.integer(), after: after, time: time,
            writer: SettingWriter(json["writer"]))
    }
}

extension SpoofingEvidence {
    init?(_ json: JSONValue?) {
        guard let json, let sources = json["sources"]?.integer(UInt64.self) else { return nil }
        var timeToLive: ClosedRange<UInt8>?
        if let least = json["ttl_min"]?.integer(UInt8.self), let most = json["ttl_max"]?.integer(UInt8.self),
            least <= most
        {
            timeToLive = least...most
        }
        self.init(
            sources: sources, isEstimate: json["estimated"]?.bool ?? false,
            networks8: json["networks_8"]?.integer() ?? 0, networks16: json["networks_16"]?.integer() ?? 0,
            packets: json["packets"]?.integer() ?? 0, suspectPackets: json["suspect_packets"]?.integer() ?? 0,
            timeToLive: timeToLive, stations: json["macs"]?.integer(), lookedUp: json["looked_up_sources"]?.integer(),
            connected: json["connected_sources"]?.integer())
    }
}

extension SettingWriter {
    init?(_ json: JSONValue?) {
        guard let json, let process = Process(json) else { return nil }
        self.init(
            process: process, parent: Process(json["parent"]), executable: json["exe"]?.string,
            isOwn: json["own"]?.bool ?? false)
    }
}

extension SettingWriter.Process {
    init?(_ json: JSONValue?) {
        guard let id = json?["pid"]?.integer(Int32.self), let command = json?["comm"]?.string else { return nil }
        self.init(id: id, command: command)
    }
}

extension FindingReport {
    /// From a whole `rpf-finding` event.
    init(_ json: JSONValue) throws(RecordingError.Problem) {
        let network = json.member("network.interface")
        let rpf = json["rpf"]
        let snapshot = rpf?["inferred_from"]
        self.init(
            id: try json.require("rpf.finding_id", \.string), attributed: try json.require("rpf.attributed", \.bool),
            cause: rpf?["cause"]?.string.flatMap(Cause.init(rawValue:)),
            factors: (rpf?["factors"]?.strings ?? []).compactMap(Factor.init(rawValue:)),
            certainty: Certainty(
                attributed: rpf?.member("certainty.attributed")?.string.flatMap(Basis.init(rawValue:)) ?? .inferred,
                cause: rpf?.member("certainty.cause")?.string.flatMap(Basis.init(rawValue:)) ?? .inferred),
            inferredFrom: snapshot?["snapshot_time"]?.time.map {
                Inference(snapshotTime: $0, raced: snapshot?["raced"]?.bool ?? false)
            },
            path: rpf?["path"]?.string.flatMap(PacketPath.init(rawValue:)),
            namespace: NamespaceIdentity(rpf?["netns"], container: json["container"]),
            interface: try json.require("network.interface.name") { _ in
                network?.interface("name", hex: rpf?["interface_hex"])
            },
            interfaceIndex: rpf?["ifindex"]?.integer() ?? 0, interfaceKind: rpf?["iface_kind"]?.string,
            interfaceHasAddress: rpf?["iface_has_ipv4"]?.bool,
            vrf: rpf?.interface("vrf", hex: rpf?["vrf_hex"]), mark: rpf?["mark"]?.integer(),
            sysctls: SysctlValues(rpf?["sysctl"]), owners: SettingOwners(rpf?["owners"]),
            reverse: ReverseRoute(rpf?["reverse"]),
            dropReason: rpf?["drop_reason"]?.string, filterRule: FilterRule(rpf?["filter_rule"]),
            sources: (rpf?["sources"]?.array ?? []).compactMap { source in
                guard let prefix = source["prefix"]?.anyPrefix else { return nil }
                return Finding.Source(prefix: prefix, drops: source["drops"]?.integer() ?? 0)
            },
            destinations: (rpf?["destinations"]?.array ?? []).compactMap { destination in
                guard let address = destination["ip"]?.anyAddress else { return nil }
                return Destination(address: address, drops: destination["drops"]?.integer() ?? 0)
            },
            example: Example(rpf?["example"]),
            drops: try json.require("rpf.drops") { $0.integer() }, detailed: rpf?["detailed"]?.integer() ?? 0,
            firstSeen: try json.require("rpf.first_seen", \.time), lastSeen: try json.require("rpf.last_seen", \.time),
            fix: try json.require("rpf.fix") { Fix($0) },
            alternatives: (rpf?["alternatives"]?.array ?? []).compactMap { Fix($0) },
            rejected: (rpf?["rejected"]?.array ?? []).compactMap { recipe in
                guard let name = recipe["recipe"]?.string else { return nil }
                return RejectedRecipe(
                    recipe: name, commands: recipe["commands"]?.strings ?? [], reason: recipe["reason"]?.string ?? "")
            }, passesIf: rpf?["passes_if"]?.strings ?? [],
            isIPv6: json.member("network.type")?.string == "ipv6",
            changedValues: (rpf?["changed_values"]?.array ?? []).compactMap { ChangedValue($0) },
            spoofing: SpoofingEvidence(rpf?["spoofing"]))
    }
}

extension StartInfo {
    /// From a whole `start` event.
    init(_ json: JSONValue) throws(RecordingError.Problem) {
        let trace = json.member("rpf.trace")
        let filters = trace?["filters"]
        self.init(
            kernelRelease: json.member("host.os.kernel")?.string ?? "unknown",
            architecture: json.member("host.architecture")?.string ?? "unknown",
            libbpfVersion: trace?["libbpf"]?.string, tier: try json.require("rpf.trace.tier", \.string),
            hooks: trace?["hooks"]?.strings ?? [],
            filters: TraceFilters(
                interfaces: filters?["interfaces"]?.strings ?? [], namespace: filters?["netns"]?.string,
                source: filters?["source"]?.string, destination: filters?["destination"]?.string,
                expression: filters?["expression"]?.string, allDrops: filters?["all_drops"]?.bool ?? false),
            blindSpots: trace?["blind"]?.strings ?? [],
            missingPrivileges: (trace?["missing_privileges"]?.array ?? []).compactMap { privilege in
                guard let capability = privilege["capability"]?.string else { return nil }
                return MissingPrivilege(capability: capability, cost: privilege["cost"]?.string ?? "")
            })
    }
}

extension Totals {
    /// From a whole `stats` or `end` event.
    init(_ json: JSONValue) throws(RecordingError.Problem) {
        let rpf = json["rpf"]
        let kernel = rpf?["kernel"]
        self.init(
            drops: try json.require("rpf.drops") { $0.integer() }, emitted: rpf?["emitted"]?.integer() ?? 0,
            suppressed: rpf?["suppressed"]?.integer() ?? 0, lost: rpf?["lost"]?.integer() ?? 0,
            filtered: rpf?["filtered"]?.integer() ?? 0, otherDrops: rpf?["other_drops"]?.integer(),
            otherReasons: (rpf?["other_reasons"]?.array ?? []).compactMap { count in
                guard let reason = count["reason"]?.string else { return nil }
                return ReasonCount(reason: reason, drops: count["drops"]?.integer() ?? 0)
            },
            kernel: KernelReconciliation(
                counted: kernel?["counted"]?.integer() ?? 0,
                ipReversePathFilter: kernel?["ip_reverse_path_filter"]?.integer(), min: kernel?["min"]?.integer(),
                max: kernel?["max"]?.integer(), netnsWatched: kernel?["netns_watched"]?.integer() ?? 0,
                netnsUnreadable: kernel?["netns_unreadable"]?.integer() ?? 0))
    }
}

extension EndInfo {
    /// From a whole `end` event.
    init(_ json: JSONValue) throws(RecordingError.Problem) {
        self.init(
            reason: json.member("rpf.end.reason")?.string.flatMap(Reason.init(rawValue:)), totals: try Totals(json),
            windowStart: try json.require("rpf.window.start", \.time),
            windowEnd: try json.require("rpf.window.end", \.time),
            namespaces: (json.member("rpf.namespaces")?.array ?? []).map {
                NamespaceIdentity($0, container: $0["container"])
            })
    }
}
