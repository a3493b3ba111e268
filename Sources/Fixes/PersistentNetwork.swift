// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// How routes, rules and addresses survive a reboot, and sysctls that the interface's network daemon sets by itself: in
/// the words of whatever configures the interface on this host.
struct PersistentNetwork {
    /// Nil where only sentences help.
    var file: Fix.Persistence?
    /// What is to be done with the file, or instead of it.
    var notes: [String] = []

    /// Nil for changes that this is not about: those outside the initial namespace, those of the packet filter, and
    /// sysctls that no network daemon sets.
    init?(_ changes: [Change], in situation: Situation) {
        guard situation.finding.namespace.isInitial, let services = situation.facts.services,
            let part = NetworkPart(changes, in: situation)
        else { return nil }
        let manager = services.managers[part.link.index]
        if part.isSysctlOnly {
            guard case .networkd(let link) = manager, let form = NetworkdDropIn.owned(part, link, situation) else {
                return nil
            }
            self = form
            return
        }
        if part.isIncomplete {
            notes = [
                "Lost at the next boot. Once it is complete it belongs into \(manager.place(for: part.link)) as well."
            ]
            return
        }
        if !part.removed.isEmpty {
            notes = ["It comes back at the next boot unless it is removed from \(manager.place(for: part.link)) too."]
            return
        }
        switch manager {
        case .networkd(let link): self = Self.networkd(part, link, services, situation)
        case .networkManager(let connection): self = NetworkManagerForm.form(part, connection, situation)
        case .ifupdown(let stanza): self = IfupdownForm.form(part, stanza, situation)
        case nil:
            if let maker = services.maker(of: part.link) {
                notes = [
                    "Lost when \(maker.rawValue) makes \(part.name) anew, and it has no setting for it: whatever starts it has to"
                        + " run these commands afterwards."
                ]
                return
            }
            notes = [
                "Lost at the next boot: nothing was found on this host that configures \(part.name), so whatever does it"
                    + " has to run these commands as well."
            ]
        }
    }

    init(file: Fix.Persistence?, notes: [String]) {
        self.file = file
        self.notes = notes
    }

    private static func networkd(
        _ part: NetworkPart, _ link: NetworkdLink, _ services: HostServices, _ situation: Situation
    ) -> Self {
        if let netplan = link.netplan, let form = NetplanForm.form(part, netplan, situation) { return form }
        return NetworkdDropIn.form(part, link, services, situation)
    }
}

extension InterfaceManager? {
    /// Where a person has to look, for sentences.
    fileprivate func place(for link: Link) -> String {
        switch self {
        case .networkd(let state):
            terminalSafe(state.netplan?.place.description ?? state.networkFile)
        case .networkManager(let profile):
            terminalSafe(profile.netplan?.place.description ?? "NetworkManager's connection \(profile.title)")
        case .ifupdown(let stanza): terminalSafe(stanza.place.description)
        case nil: "what configures \(link.name.display) on this host"
        }
    }
}

/// The changes of a fix as far as the configuration of one interface can hold them.
struct NetworkPart {
    let link: Link
    private(set) var routes: [Route] = []
    private(set) var rules: [Rule] = []
    private(set) var addresses: [InterfaceAddress] = []
    private(set) var removed: [InterfaceAddress] = []
    private(set) var sysctls: [SysctlSetting] = []
    /// In the order of the fix.
    let changes: [Change]

    /// The interface for sentences.
    var name: String { link.name.display }
    var isSysctlOnly: Bool { sysctls.count == changes.count }
    var isIncomplete: Bool { changes.contains(where: \.hasPlaceholder) }

    /// Nil when the changes are about several interfaces, all of them, or something else altogether. Rules belong to no
    /// interface; they go with the one that dropped.
    init?(_ changes: [Change], in situation: Situation) {
        var indices: Set<UInt32> = []
        for change in changes {
            switch change {
            case .sysctl(let setting):
                guard case .interface(let index) = setting.scope else { return nil }
                indices.insert(index)
                sysctls.append(setting)
            case .addAddress(let address):
                indices.insert(address.interface)
                addresses.append(address)
            case .removeAddress(let address):
                indices.insert(address.interface)
                removed.append(address)
            case .addRule(let rule): rules.append(rule)
            case .addRoute(let route, _):
                guard let nexthop = route.nexthops.first else { return nil }
                indices.insert(nexthop.interface)
                routes.append(route)
            case .exemptFromFilter: return nil
            }
        }
        if indices.isEmpty { indices.insert(situation.ingress.index) }
        guard indices.count == 1, let index = indices.first, let link = situation.facts.link(index) else { return nil }
        self.link = link
        self.changes = changes
    }

    /// Where the sysctls of a fix belong whose other part is in a file that cannot hold them.
    func sysctlNotes() -> [String] {
        let lines = sysctls.filter { _ in !SysctlName.isMisread(link.name) }.map { setting in
            "`\(SysctlName.line(name: link.name, key: setting.key, value: setting.value))`"
        }
        return lines.isEmpty ? [] : ["\(listing(lines)) belongs into a file of its own in /etc/sysctl.d."]
    }
}

extension Fix.Persistence {
    /// The first line of every file, so that whoever finds it knows where it comes from.
    static func header(_ situation: Situation) -> String {
        "\(Fix.Persistence.mark)\(situation.finding.id).\n"
    }
}

extension InterfaceAddress {
    /// `192.0.2.1/24`: the address with the length of its prefix.
    var withLength: String { "\(local)/\(prefix.length)" }
    /// The other end, when the prefix is not the one that the address is in.
    var peer: String? { prefix.contains(local) ? nil : "\(prefix.address)/\(prefix.length)" }
}

extension IPv4Prefix {
    /// Always with its length.
    var withLength: String { "\(address)/\(length)" }
}
