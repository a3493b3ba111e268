// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
package import Settings

/// Who set the rp_filter values that a finding is about.
package struct SettingOwners: Hashable, Sendable {
    /// Of `net.ipv4.conf.all`; nil when it cannot be told.
    package var all: Owner?
    /// Of the interface; nil when it cannot be told.
    package var interface: Owner?

    package init(all: Owner?, interface: Owner?) {
        self.all = all
        self.interface = interface
    }

    /// Nil when nothing can be told, as outside the initial network namespace.
    package init?(_ ownership: Ownership, interface index: UInt32) {
        let all = ownership.owner(of: .rpFilter, .all)
        let interface = ownership.owner(of: .rpFilter, .interface(index))
        guard all != nil || interface != nil else { return nil }
        self.init(all: all, interface: interface)
    }
}

extension SettingOwners {
    /// `Where the values come from: eth1, /etc/sysctl.d/60-lab.conf:3; all, kernel default.`
    func sentence(interface: String) -> String {
        let parts = [(interface, self.interface), ("all", all)].compactMap { name, owner in
            owner.map { "\(name), \($0.sentence)" }
        }
        return "Where the values come from: \(parts.joined(separator: "; "))."
    }
}

extension Owner {
    /// For a sentence or a table.
    var sentence: String {
        guard let setting else { return terminalSafe(source) }
        return "\(terminalSafe(source)) (\(Wording.printable(setting)))"
    }
}

extension JSONBuffer {
    /// `null` when nothing can be told.
    mutating func owners(_ owners: SettingOwners?) {
        key("owners")
        guard let owners else { return null() }
        beginObject()
        owner("all", owners.all)
        owner("iface", owners.interface)
        endObject()
    }

    mutating func owner(_ name: StaticString, _ owner: Owner?) {
        key(name)
        guard let owner else { return null() }
        beginObject()
        key("source")
        string(owner.source, limit: Limit.long * 4)
        key("value")
        optional(owner.value) { $0.number($1) }
        key("setting")
        optional(owner.setting) { $0.string($1, limit: Limit.long * 4) }
        endObject()
    }
}

extension SettingOwners {
    init?(_ json: JSONValue?) {
        guard let json else { return nil }
        let owners = (all: Owner(json["all"]), interface: Owner(json["iface"]))
        guard owners.all != nil || owners.interface != nil else { return nil }
        self.init(all: owners.all, interface: owners.interface)
    }
}

extension Owner {
    init?(_ json: JSONValue?) {
        guard let json, let source = json["source"]?.string else { return nil }
        self.init(source: source, value: json["value"]?.integer(), setting: json["setting"]?.string)
    }
}
