// SPDX-License-Identifier: Apache-2.0

/// The sysctls of `net.ipv4.conf.<interface>` that decide whether and how a packet is accepted.
package struct InterfaceConfiguration: Hashable, Sendable {
    /// The raw value: 0 off, 1 strict, any other value behaves as loose.
    package var rpFilter: Int32
    package var acceptLocal: Bool
    package var srcValidMark: Bool
    package var routeLocalnet: Bool
    package var forwarding: Bool
    package var sendRedirects: Bool
    package var broadcastForwarding: Bool
    package var ignoreRoutesWithLinkdown: Bool
    package var arpFilter: Bool
    package var arpIgnore: Int32
    package var arpAnnounce: Int32

    package init(
        rpFilter: Int32 = 0, acceptLocal: Bool = false, srcValidMark: Bool = false, routeLocalnet: Bool = false,
        forwarding: Bool = false, sendRedirects: Bool = true, broadcastForwarding: Bool = false,
        ignoreRoutesWithLinkdown: Bool = false, arpFilter: Bool = false, arpIgnore: Int32 = 0, arpAnnounce: Int32 = 0
    ) {
        self.rpFilter = rpFilter
        self.acceptLocal = acceptLocal
        self.srcValidMark = srcValidMark
        self.routeLocalnet = routeLocalnet
        self.forwarding = forwarding
        self.sendRedirects = sendRedirects
        self.broadcastForwarding = broadcastForwarding
        self.ignoreRoutesWithLinkdown = ignoreRoutesWithLinkdown
        self.arpFilter = arpFilter
        self.arpIgnore = arpIgnore
        self.arpAnnounce = arpAnnounce
    }
}

/// `net.ipv4.conf` of a namespace.
package struct NamespaceConfiguration: Hashable, Sendable {
    package var all: InterfaceConfiguration
    package var `default`: InterfaceConfiguration
    /// By interface index.
    package var interfaces: [UInt32: InterfaceConfiguration]

    package init(
        all: InterfaceConfiguration = .init(), default: InterfaceConfiguration = .init(),
        interfaces: [UInt32: InterfaceConfiguration] = [:]
    ) {
        self.all = all
        self.default = `default`
        self.interfaces = interfaces
    }

    /// The interface's own values; those of `default` for an interface not in the snapshot.
    package func own(_ interface: UInt32) -> InterfaceConfiguration { interfaces[interface] ?? `default` }

    /// The values that count for a packet received on `interface`: rp_filter is the larger of `all` and the interface,
    /// accept_local, src_valid_mark and route_localnet are the OR, bc_forwarding the AND
    /// (`include/linux/inetdevice.h`, IN_DEV_MAXCONF, IN_DEV_ORCONF, IN_DEV_ANDCONF).
    package func effective(_ interface: UInt32) -> InterfaceConfiguration {
        let own = own(interface)
        var result = own
        result.rpFilter = max(all.rpFilter, own.rpFilter)
        result.acceptLocal = all.acceptLocal || own.acceptLocal
        result.srcValidMark = all.srcValidMark || own.srcValidMark
        result.routeLocalnet = all.routeLocalnet || own.routeLocalnet
        result.sendRedirects = all.sendRedirects || own.sendRedirects
        result.broadcastForwarding = all.broadcastForwarding && own.broadcastForwarding
        result.ignoreRoutesWithLinkdown = all.ignoreRoutesWithLinkdown || own.ignoreRoutesWithLinkdown
        result.arpFilter = all.arpFilter || own.arpFilter
        result.arpIgnore = max(all.arpIgnore, own.arpIgnore)
        result.arpAnnounce = max(all.arpAnnounce, own.arpAnnounce)
        return result
    }
}
