// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension JSONBuffer {
    /// Null when it was not looked for.
    mutating func services(_ services: HostServices?) {
        key("services")
        guard let services else { return null() }
        beginObject()
        array("found", services.found) { list, found in
            list.beginObject()
            list.text("service", found.service.rawValue)
            list.key("running")
            list.bool(found.isRunning)
            list.array("evidence", found.evidence) { $0.string($1) }
            list.endObject()
        }
        key("systemd_version")
        optional(services.systemdVersion) { $0.number($1) }
        array("managers", services.managers.sorted { $0.key < $1.key }) { $0.manager($1.value, of: $1.key) }
        key("tuned")
        optional(services.tunedProfile) { buffer, profile in
            buffer.beginObject()
            buffer.text("profile", profile.name)
            buffer.key("reapply")
            buffer.bool(profile.reappliesFiles)
            buffer.array("settings", profile.settings) { $0.setting($1) }
            buffer.endObject()
        }
        array("audit", services.auditDemands) { list, demand in
            list.beginObject()
            list.text("profile", demand.profile)
            list.key("setting")
            list.setting(demand.setting)
            list.endObject()
        }
        array("podman_bridges", services.podmanBridges.sorted()) { $0.string($1) }
        endObject()
    }

    mutating func creator(_ creator: NamespaceCreator?) {
        key("creator")
        guard let creator else { return null() }
        beginObject()
        text("kind", creator.kind.rawValue)
        key("name")
        optional(creator.name) { $0.string($1) }
        endObject()
    }

    private mutating func text(_ name: StaticString, _ text: String) {
        key(name)
        string(text)
    }

    private mutating func place(_ place: FileLine) {
        text("file", place.path)
        key("line")
        number(place.line)
    }

    private mutating func setting(_ setting: ForeignSetting) {
        beginObject()
        text("iface", setting.interface)
        text("key", setting.key)
        key("value")
        number(setting.value)
        place(setting.place)
        endObject()
    }

    private mutating func netplan(_ definition: NetplanDefinition?) {
        key("netplan")
        guard let definition else { return null() }
        beginObject()
        text("id", definition.id)
        text("class", definition.deviceClass)
        place(definition.place)
        endObject()
    }

    private mutating func manager(_ manager: InterfaceManager, of index: UInt32) {
        beginObject()
        key("ifindex")
        number(index)
        switch manager {
        case .networkd(let link):
            text("by", HostServices.Service.networkd.rawValue)
            text("file", link.networkFile)
            array("drop_ins", link.dropIns) { $0.string($1) }
            array("settings", link.settings) { $0.setting($1) }
            netplan(link.netplan)
        case .networkManager(let profile):
            text("by", HostServices.Service.networkManager.rawValue)
            text("uuid", profile.uuid)
            key("name")
            optional(profile.name) { $0.string($1) }
            key("file")
            optional(profile.file) { $0.string($1) }
            netplan(profile.netplan)
        case .ifupdown(let stanza):
            text("by", HostServices.Service.ifupdown.rawValue)
            place(stanza.place)
            key("later")
            optional(stanza.laterFiles) { buffer, later in
                buffer.beginObject()
                buffer.text("directory", later.directory)
                buffer.text("suffix", later.suffix)
                buffer.endObject()
            }
        }
        endObject()
    }
}

extension HostServices {
    /// Nil for null and for what is no object.
    init?(_ json: JSONValue?) {
        guard let json, case .object = json else { return nil }
        var managers: [UInt32: InterfaceManager] = [:]
        for entry in json["managers"]?.array ?? [] {
            guard let index = entry["ifindex"]?.integer(UInt32.self) else { continue }
            managers[index] = InterfaceManager(entry)
        }
        self.init(
            found: (json["found"]?.array ?? []).compactMap(FoundService.init), managers: managers,
            systemdVersion: json["systemd_version"]?.integer(), tunedProfile: TunedProfile(json["tuned"]),
            auditDemands: (json["audit"]?.array ?? []).compactMap(AuditDemand.init),
            podmanBridges: Set(json["podman_bridges"]?.strings ?? []))
    }
}

extension NamespaceCreator {
    init?(_ json: JSONValue?) {
        guard let kind = json?["kind"]?.string.flatMap(Kind.init(rawValue:)) else { return nil }
        self.init(kind, name: json?["name"]?.string)
    }
}

extension FoundService {
    fileprivate init?(_ json: JSONValue) {
        guard let service = json["service"]?.string.flatMap(HostServices.Service.init(rawValue:)) else { return nil }
        self.init(service, isRunning: json["running"]?.bool ?? false, evidence: json["evidence"]?.strings ?? [])
    }
}

extension InterfaceManager {
    fileprivate init?(_ json: JSONValue) {
        switch json["by"]?.string.flatMap(HostServices.Service.init(rawValue:)) {
        case .networkd:
            guard let file = json["file"]?.string else { return nil }
            self = .networkd(
                NetworkdLink(
                    networkFile: file, dropIns: json["drop_ins"]?.strings ?? [],
                    settings: (json["settings"]?.array ?? []).compactMap(ForeignSetting.init),
                    netplan: NetplanDefinition(json["netplan"])))
        case .networkManager:
            guard let uuid = json["uuid"]?.string else { return nil }
            self = .networkManager(
                ConnectionProfile(
                    uuid: uuid, name: json["name"]?.string, file: json["file"]?.string,
                    netplan: NetplanDefinition(json["netplan"])))
        case .ifupdown:
            guard let place = FileLine(json) else { return nil }
            let later = json["later"]
            self = .ifupdown(
                IfupdownStanza(
                    place: place,
                    laterFiles: later?["directory"]?.string.map { directory in
                        IfupdownStanza.LaterFiles(directory: directory, suffix: later?["suffix"]?.string ?? "")
                    }))
        default: return nil
        }
    }
}

extension NetplanDefinition {
    fileprivate init?(_ json: JSONValue?) {
        guard let json, let id = json["id"]?.string, let deviceClass = json["class"]?.string,
            let place = FileLine(json)
        else { return nil }
        self.init(id: id, deviceClass: deviceClass, place: place)
    }
}

extension TunedProfile {
    fileprivate init?(_ json: JSONValue?) {
        guard let json, let name = json["profile"]?.string else { return nil }
        self.init(
            name: name, settings: (json["settings"]?.array ?? []).compactMap(ForeignSetting.init),
            reappliesFiles: json["reapply"]?.bool ?? true)
    }
}

extension AuditDemand {
    fileprivate init?(_ json: JSONValue) {
        guard let profile = json["profile"]?.string, let setting = json["setting"].flatMap(ForeignSetting.init) else {
            return nil
        }
        self.init(profile: profile, setting: setting)
    }
}

extension ForeignSetting {
    fileprivate init?(_ json: JSONValue) {
        guard let interface = json["iface"]?.string, let key = json["key"]?.string,
            let value = json["value"]?.integer(Int32.self), let place = FileLine(json)
        else { return nil }
        self.init(interface: interface, key: key, value: value, place: place)
    }
}

extension FileLine {
    fileprivate init?(_ json: JSONValue) {
        guard let path = json["file"]?.string, let line = json["line"]?.integer(Int.self) else { return nil }
        self.init(path, line)
    }
}
