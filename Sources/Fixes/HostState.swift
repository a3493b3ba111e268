// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A namespace's facts while changes are made to them one after the other, as the kernel would.
struct HostState {
    var facts: NetworkFacts
    /// A value that was set since, so that it no longer follows `default`.
    private struct Settled: Hashable {
        var interface: UInt32
        /// Nil: all of the interface's values, by giving it an address.
        var key: InterfaceSysctl?
    }

    private var settled: Set<Settled> = []

    init(_ facts: NetworkFacts) { self.facts = facts }

    /// The interfaces that may take over what is written to `default`: the kernel copies it to those whose value was
    /// never set, neither by a write nor by giving the interface an address (`net/ipv4/devinet.c`,
    /// devinet_copy_dflt_conf). Netlink does not tell which, but those with an address or with another value were set.
    static func possibleFollowers(of key: InterfaceSysctl, in facts: NetworkFacts) -> Set<UInt32> {
        let addressed = Set(facts.addresses.map(\.interface))
        let candidates = facts.links.map(\.index).filter { index in
            !addressed.contains(index) && facts.configuration.own(index)[key] == facts.configuration.default[key]
        }
        return Set(candidates)
    }

    mutating func apply(_ changes: [Change]) {
        for change in changes { apply(change) }
    }

    private mutating func apply(_ change: Change) {
        switch change {
        case .sysctl(let setting): apply(setting)
        case .addAddress(let address): add(address)
        case .removeAddress(let address): remove(address)
        case .addRule(let rule):
            // The kernel puts a rule behind those of the same priority.
            let position = facts.rules.firstIndex { $0.priority > rule.priority } ?? facts.rules.endIndex
            facts.rules.insert(rule, at: position)
            facts.hasCustomRules = true
        case .addRoute(let route, _):
            facts.routes.append(route)
        case .exemptFromFilter:
            // The packet filter is not part of the simulated check.
            break
        }
    }

    private mutating func apply(_ setting: SysctlSetting) {
        switch setting.scope {
        case .all: facts.configuration.all[setting.key] = setting.value
        case .default:
            let followers = Self.possibleFollowers(of: setting.key, in: facts).filter { index in
                !settled.contains(Settled(interface: index, key: setting.key))
                    && !settled.contains(Settled(interface: index))
            }
            facts.configuration.default[setting.key] = setting.value
            for index in followers { write(setting, to: index) }
        case .interface(let index):
            write(setting, to: index)
            settled.insert(Settled(interface: index, key: setting.key))
        }
    }

    private mutating func write(_ setting: SysctlSetting, to index: UInt32) {
        var own = facts.configuration.own(index)
        own[setting.key] = setting.value
        facts.configuration.interfaces[index] = own
        if setting.key == .ignoreRoutesWithLinkdown && setting.value != 0 { passOverLinkDown(index) }
    }

    /// From then on the kernel takes nexthops of the interface whose carrier is missing for dead, and shows them so.
    private mutating func passOverLinkDown(_ interface: UInt32) {
        func isConcerned(_ nexthop: Nexthop) -> Bool { nexthop.interface == interface && nexthop.isLinkDown }
        for position in facts.routes.indices where facts.routes[position].nexthops.contains(where: isConcerned) {
            for index in facts.routes[position].nexthops.indices
            where isConcerned(facts.routes[position].nexthops[index]) {
                facts.routes[position].nexthops[index].isDead = true
            }
        }
    }

    /// The local table that addresses of an interface go into: that of its VRF, if it is in one.
    private func localTable(_ interface: UInt32) -> UInt32 {
        facts.link(interface)?.master.flatMap { facts.link($0)?.vrfTable } ?? Route.Table.local
    }

    private mutating func add(_ address: InterfaceAddress) {
        facts.addresses.append(address)
        settled.insert(Settled(interface: address.interface))
        facts.routes.append(
            Route(
                table: localTable(address.interface), destination: IPv4Prefix(address.local, length: 32), kind: .local,
                scope: 254, origin: 2, preferredSource: address.local,
                nexthops: [Nexthop(interface: address.interface)]))
    }

    private mutating func remove(_ address: InterfaceAddress) {
        facts.addresses.removeAll { $0 == address }
        let remaining = facts.addresses
        let isStillLocal = remaining.contains { $0.local == address.local && $0.interface == address.interface }
        let isStillConnected = remaining.contains {
            $0.prefix == address.prefix && $0.interface == address.interface
        }
        facts.routes.removeAll { route in
            guard route.nexthops.contains(where: { $0.interface == address.interface }) else { return false }
            if route.kind == .local && route.destination == IPv4Prefix(address.local, length: 32) {
                return !isStillLocal
            }
            guard !isStillConnected, address.prefix.length < 32 else { return false }
            if route.kind == .broadcast {
                return [address.prefix.address, address.prefix.last].contains(route.destination.address)
            }
            return route.origin == 2 && route.kind == .unicast && route.destination == address.prefix
        }
    }
}

extension NamespaceConfiguration {
    /// The interfaces whose effective rp_filter is another one in `after`, as raw maxima.
    func widenings(to after: Self, of links: [Link]) -> [Fix.Widening] {
        links.sorted { $0.index < $1.index }.compactMap { link in
            let before = effective(link.index).rpFilter
            let after = after.effective(link.index).rpFilter
            return before == after ? nil : Fix.Widening(interface: link.name, before: before, after: after)
        }
    }
}
