// SPDX-License-Identifier: Apache-2.0
package import Packets

/// The sysctls of `net.ipv4.conf.<interface>` that decide about packets, by the kernel's names.
package enum InterfaceSysctl: String, Hashable, Sendable, CaseIterable {
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

    /// Whether only zero and not zero are told apart.
    package var isSwitch: Bool {
        switch self {
        case .rpFilter, .arpIgnore, .arpAnnounce: false
        case .acceptLocal, .srcValidMark, .routeLocalnet, .forwarding, .sendRedirects, .broadcastForwarding,
            .ignoreRoutesWithLinkdown, .arpFilter:
            true
        }
    }

    /// A raw value as `InterfaceConfiguration` holds it: a switch is 0 or 1.
    package func normalized(_ raw: Int32) -> Int32 { isSwitch && raw != 0 ? 1 : raw }

    /// The whole name with an interface's name, `all` or `default` in it: `net.ipv4.conf.eth0.rp_filter`, with slashes where
    /// that name has dots. Fit for a terminal.
    package static func name(_ directory: InterfaceName, _ key: String) -> String {
        directory.bytes.contains(UInt8(ascii: "."))
            ? "net/ipv4/conf/\(directory.display)/\(key)" : "net.ipv4.conf.\(directory.display).\(key)"
    }
}

/// Whose value under `net.ipv4.conf`.
package enum SysctlScope: Hashable, Sendable {
    case all
    case `default`
    case interface(UInt32)
}

extension InterfaceConfiguration {
    /// The value as a number; switches are 0 or 1.
    package subscript(key: InterfaceSysctl) -> Int32 {
        get {
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
        set {
            switch key {
            case .rpFilter: rpFilter = newValue
            case .acceptLocal: acceptLocal = newValue != 0
            case .srcValidMark: srcValidMark = newValue != 0
            case .routeLocalnet: routeLocalnet = newValue != 0
            case .forwarding: forwarding = newValue != 0
            case .sendRedirects: sendRedirects = newValue != 0
            case .broadcastForwarding: broadcastForwarding = newValue != 0
            case .ignoreRoutesWithLinkdown: ignoreRoutesWithLinkdown = newValue != 0
            case .arpFilter: arpFilter = newValue != 0
            case .arpIgnore: arpIgnore = newValue
            case .arpAnnounce: arpAnnounce = newValue
            }
        }
    }
}

extension NamespaceConfiguration {
    /// The raw value in force, not combined with `all`.
    package subscript(scope: SysctlScope, key: InterfaceSysctl) -> Int32 {
        switch scope {
        case .all: all[key]
        case .default: `default`[key]
        case .interface(let index): own(index)[key]
        }
    }
}

extension NetworkFacts {
    /// The name between `net.ipv4.conf.` and the key; nil for an interface that is gone.
    package func directory(of scope: SysctlScope) -> InterfaceName? {
        switch scope {
        case .all: "all"
        case .default: "default"
        case .interface(let index): link(index)?.name
        }
    }
}
