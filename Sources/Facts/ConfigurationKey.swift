// SPDX-License-Identifier: Apache-2.0

/// The sysctls of `net.ipv4.conf.<interface>` that are known of every interface, by the kernel's names.
package enum ConfigurationKey: String, Sendable, CaseIterable {
    case rpFilter = "rp_filter"
    case acceptLocal = "accept_local"
    case srcValidMark = "src_valid_mark"
    case routeLocalnet = "route_localnet"
    case forwarding
    case sendRedirects = "send_redirects"
    case broadcastForwarding = "bc_forwarding"
    case ignoreRoutesWithLinkdown = "ignore_routes_with_linkdown"
    case arpFilter = "arp_filter"
    case arpIgnore = "arp_ignore"
    case arpAnnounce = "arp_announce"

    /// Whether the kernel announces a change of it (`net/ipv4/devinet.c`, devinet_conf_proc).
    package var isAnnounced: Bool {
        switch self {
        case .rpFilter, .forwarding, .broadcastForwarding, .ignoreRoutesWithLinkdown: true
        case .acceptLocal, .srcValidMark, .routeLocalnet, .sendRedirects, .arpFilter, .arpIgnore, .arpAnnounce: false
        }
    }
}

extension InterfaceConfiguration {
    /// The value as a number; switches are 0 or 1.
    package subscript(key: ConfigurationKey) -> Int32 {
        switch key {
        case .rpFilter: rpFilter
        case .acceptLocal: acceptLocal ? 1 : 0
        case .srcValidMark: srcValidMark ? 1 : 0
        case .routeLocalnet: routeLocalnet ? 1 : 0
        case .forwarding: forwarding ? 1 : 0
        case .sendRedirects: sendRedirects ? 1 : 0
        case .broadcastForwarding: broadcastForwarding ? 1 : 0
        case .ignoreRoutesWithLinkdown: ignoreRoutesWithLinkdown ? 1 : 0
        case .arpFilter: arpFilter ? 1 : 0
        case .arpIgnore: arpIgnore
        case .arpAnnounce: arpAnnounce
        }
    }
}

extension ConfigurationKey {
    /// The value that `InterfaceConfiguration` keeps of one that was written: switches are 0 or 1.
    package func kept(_ value: Int32) -> Int32 {
        switch self {
        case .rpFilter, .arpIgnore, .arpAnnounce: value
        case .acceptLocal, .srcValidMark, .routeLocalnet, .forwarding, .sendRedirects, .broadcastForwarding,
            .ignoreRoutesWithLinkdown, .arpFilter:
            value == 0 ? 0 : 1
        }
    }
}
