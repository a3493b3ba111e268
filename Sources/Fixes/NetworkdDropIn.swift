// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// A drop-in of systemd-networkd for the .network file that matches the interface (systemd.network(5)). One below /etc
/// counts for a file anywhere, also for one that netplan generates at each boot.
enum NetworkdDropIn {
    /// The settings that networkd has for sysctls, with the version that brought them.
    private static func setting(_ sysctl: SysctlSetting) -> (line: String, since: Int)? {
        switch (sysctl.key, sysctl.value) {
        case (.rpFilter, 0): ("IPv4ReversePathFilter=no", 255)
        case (.rpFilter, 1): ("IPv4ReversePathFilter=strict", 255)
        case (.rpFilter, 2): ("IPv4ReversePathFilter=loose", 255)
        case (.acceptLocal, 0): ("IPv4AcceptLocal=no", 246)
        case (.acceptLocal, 1): ("IPv4AcceptLocal=yes", 246)
        default: nil
        }
    }

    /// For sysctls that networkd sets for the link anyway: a file of sysctl.d would be overwritten. Nil when it sets none
    /// of them.
    static func owned(_ part: NetworkPart, _ link: NetworkdLink, _ situation: Situation) -> PersistentNetwork? {
        let places = part.sysctls.map { sysctl in
            link.settings.first { $0.key == sysctl.key.rawValue }?.place
        }
        let known = places.compactMap { $0 }
        guard let place = known.first else { return nil }
        let lines = part.sysctls.compactMap { setting($0)?.line }
        let path = Self.path(link, situation, after: known)
        guard known.count == part.sysctls.count, lines.count == known.count, let path else {
            let wanted = lines.isEmpty ? "another value" : listing(lines.map { "`\($0)`" })
            return PersistentNetwork(
                file: nil,
                notes: [
                    "Lost when systemd-networkd configures \(part.name) again: it sets this itself"
                        + " (\(terminalSafe(place.description))), so \(wanted) has to stand there."
                ])
        }
        let content = Fix.Persistence.header(situation) + section("Network", lines)
        return PersistentNetwork(
            file: Fix.Persistence(path: path, content: content),
            notes: [
                "systemd-networkd sets this for \(part.name) (\(terminalSafe(place.description))), so the file is a"
                    + " drop-in for it and none of sysctl.d; `networkctl reload` reads it."
            ])
    }

    static func form(
        _ part: NetworkPart, _ link: NetworkdLink, _ services: HostServices, _ situation: Situation
    ) -> PersistentNetwork {
        guard let path = path(link, situation, after: []), let rules = ruleSections(part.rules) else {
            return PersistentNetwork(
                file: nil,
                notes: [
                    "Lost at the next boot: systemd-networkd configures \(part.name) by"
                        + " \(terminalSafe(link.networkFile)), and has no way to write this down."
                ])
        }
        let settings = part.sysctls.compactMap(setting)
        let areKnown =
            settings.count == part.sysctls.count
            && settings.allSatisfy { $0.since <= services.systemdVersion ?? 0 }
        var content = Fix.Persistence.header(situation)
        if areKnown && !settings.isEmpty { content += section("Network", settings.map(\.line)) + "\n" }
        content += (part.addresses.map(section) + part.routes.map(section) + rules).joined(separator: "\n")
        return PersistentNetwork(
            file: Fix.Persistence(path: path, content: content),
            notes: ["systemd-networkd configures \(part.name): `networkctl reload` reads the file."]
                + (areKnown ? [] : part.sysctlNotes()))
    }

    /// Below /etc, under a name that is read after the files at these places. Nil when there is none, and for a .network
    /// file whose name cannot be shown as it is.
    private static func path(_ link: NetworkdLink, _ situation: Situation, after places: [FileLine]) -> String? {
        guard let file = link.networkFile.split(separator: "/").last, ShellWord.isShowable(Array(file.utf8)) else {
            return nil
        }
        let others = places.map(\.path).filter { $0 != link.networkFile }.compactMap { $0.split(separator: "/").last }
        let names = ["50", "zz"].map { "\($0)-rpfwatch-\(situation.finding.id).conf" }
        let name = names.first { name in
            others.allSatisfy { $0 == name || $0.utf8.lexicographicallyPrecedes(name.utf8) }
        }
        return name.map { "/etc/systemd/network/\(file).d/\($0)" }
    }

    private static func section(_ name: String, _ lines: [String]) -> String {
        "[\(name)]\n" + lines.map { $0 + "\n" }.joined()
    }

    private static func section(_ address: InterfaceAddress) -> String {
        section("Address", ["Address=\(address.withLength)"] + (address.peer.map { ["Peer=\($0)"] } ?? []))
    }

    private static func section(_ route: Route) -> String {
        var lines = ["Destination=\(route.destination.withLength)"]
        let nexthop = route.nexthops.first
        if let gateway = nexthop?.gateway { lines.append("Gateway=\(gateway)") }
        if nexthop?.isOnLink == true { lines.append("GatewayOnLink=yes") }
        if nexthop?.gateway == nil { lines.append("Scope=link") }
        if let source = route.preferredSource { lines.append("PreferredSource=\(source)") }
        if route.metric != 0 { lines.append("Metric=\(route.metric)") }
        if route.table != Route.Table.main { lines.append("Table=\(route.table)") }
        return section("Route", lines)
    }

    /// Nil for a rule that cannot be written: networkd takes fewer interface names than the kernel.
    private static func ruleSections(_ rules: [Rule]) -> [String]? {
        var result: [String] = []
        for rule in rules {
            guard case .lookup(let table) = rule.action else { return nil }
            var lines: [String] = []
            if let from = rule.from { lines.append("From=\(from.withLength)") }
            if let to = rule.to { lines.append("To=\(to.withLength)") }
            if let name = rule.inputInterface {
                guard isTaken(name) else { return nil }
                lines.append("IncomingInterface=\(name.text)")
            }
            result.append(section("RoutingPolicyRule", lines + ["Table=\(table)", "Priority=\(rule.priority)"]))
        }
        return result
    }

    /// Printable, no specifier, no escape, not a number, as systemd's ifname_valid has it.
    private static func isTaken(_ name: InterfaceName) -> Bool {
        name.bytes.allSatisfy { (0x21...0x7E).contains($0) && !Array("%\\".utf8).contains($0) }
            && !name.bytes.allSatisfy { (0x30...0x39).contains($0) }
    }
}
