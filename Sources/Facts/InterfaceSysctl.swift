// SPDX-License-Identifier: Apache-2.0
package import Packets

/// The keys of `net.ipv4.conf.<interface>` that fixes write.
package enum InterfaceSysctl: String, Hashable, Sendable, CaseIterable {
    case rpFilter = "rp_filter"
    case acceptLocal = "accept_local"
    case srcValidMark = "src_valid_mark"
    case arpIgnore = "arp_ignore"
    case arpAnnounce = "arp_announce"
    case ignoreRoutesWithLinkdown = "ignore_routes_with_linkdown"

    /// Whether only zero and not zero are told apart.
    package var isSwitch: Bool {
        switch self {
        case .acceptLocal, .srcValidMark, .ignoreRoutesWithLinkdown: true
        case .rpFilter, .arpIgnore, .arpAnnounce: false
        }
    }

    /// A raw value as `InterfaceConfiguration` holds it.
    package func normalized(_ raw: Int32) -> Int32 { isSwitch && raw != 0 ? 1 : raw }
}

/// Whose value under `net.ipv4.conf`.
package enum SysctlScope: Hashable, Sendable {
    case all
    case `default`
    case interface(UInt32)
}

extension InterfaceConfiguration {
    package subscript(key: InterfaceSysctl) -> Int32 {
        get {
            switch key {
            case .rpFilter: rpFilter
            case .acceptLocal: acceptLocal ? 1 : 0
            case .srcValidMark: srcValidMark ? 1 : 0
            case .arpIgnore: arpIgnore
            case .arpAnnounce: arpAnnounce
            case .ignoreRoutesWithLinkdown: ignoreRoutesWithLinkdown ? 1 : 0
            }
        }
        set {
            switch key {
            case .rpFilter: rpFilter = newValue
            case .acceptLocal: acceptLocal = newValue != 0
            case .srcValidMark: srcValidMark = newValue != 0
            case .arpIgnore: arpIgnore = newValue
            case .arpAnnounce: arpAnnounce = newValue
            case .ignoreRoutesWithLinkdown: ignoreRoutesWithLinkdown = newValue != 0
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
