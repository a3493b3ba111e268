// SPDX-License-Identifier: Apache-2.0
package import Packets

/// What is known about one network namespace at one moment: everything that decides reverse path filtering and its fixes.
package struct NetworkFacts: Hashable, Sendable {
    package var namespace: NamespaceIdentity
    /// When the snapshot was complete, in nanoseconds of CLOCK_MONOTONIC, the clock of the drop records.
    package var time: UInt64
    package var links: [Link]
    package var addresses: [InterfaceAddress]
    package var rules: [Rule]
    package var routes: RouteList
    package var neighbors: [Neighbor]
    package var configuration: NamespaceConfiguration
    /// Sticky kernel flag: a rule was ever added. Nil when not known (it is not in netlink; the drop record has it).
    package var hasCustomRules: Bool?
    /// Sticky kernel flag: a route of type local was ever added by a user. Nil when not known.
    package var hasCustomLocalRoutes: Bool?
    /// Rules of the namespace's packet filter that can drop a packet for its source or interface.
    package var filterRules: [FilterRule]
    /// What configures the network of the host; nil when it was not looked for, and outside the initial namespace.
    package var services: HostServices?
    /// The files that give sysctls their values at boot; nil outside the initial namespace, where they do not count.
    package var sysctlSources: SysctlSources?
    /// Which sysctls changed while the namespace was watched, oldest first.
    package var settingChanges: [SettingChange] = []

    package init(
        namespace: NamespaceIdentity, time: UInt64 = 0, links: [Link] = [], addresses: [InterfaceAddress] = [],
        rules: [Rule] = Rule.defaults, routes: [Route] = [], neighbors: [Neighbor] = [],
        configuration: NamespaceConfiguration = .init(), hasCustomRules: Bool? = nil,
        hasCustomLocalRoutes: Bool? = nil, filterRules: [FilterRule] = [], services: HostServices? = nil,
        sysctlSources: SysctlSources? = nil
    ) {
        self.namespace = namespace
        self.time = time
        self.links = links
        self.addresses = addresses
        self.rules = rules
        self.routes = RouteList(routes)
        self.neighbors = neighbors
        self.configuration = configuration
        self.hasCustomRules = hasCustomRules
        self.hasCustomLocalRoutes = hasCustomLocalRoutes
        self.filterRules = filterRules
        self.services = services
        self.sysctlSources = sysctlSources
    }

    package func link(_ index: UInt32) -> Link? { links.first { $0.index == index } }
    package func link(named name: InterfaceName) -> Link? { links.first { $0.name == name } }
    package func addresses(on interface: UInt32) -> [InterfaceAddress] {
        addresses.filter { $0.interface == interface }
    }
}
