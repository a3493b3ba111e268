// SPDX-License-Identifier: Apache-2.0

extension FilterRule {
    /// A program that writes rules which check the reverse path, told by the documented names of its tables and chains.
    package enum Manager: String, Sendable, CaseIterable {
        case firewalld
        case nixos = "NixOS firewall"
        case calico = "Calico"
        case vyos = "VyOS"
    }

    /// Whose rule it is; nil for one that an administrator may have written.
    package var manager: Manager? {
        switch (table, chain) {
        case ("firewalld", _): .firewalld
        case (_, "nixos-fw-rpfilter"), ("nixos-fw", _): .nixos
        case ("calico", _): .calico
        case (_, let chain) where chain.hasPrefix("cali-"): .calico
        case (_, "vyos_rpfilter"): .vyos
        default: nil
        }
    }
}

extension FilterRule.Manager {
    /// How it is told to write the rule otherwise, as its own documentation has it: sentences.
    package var setting: String {
        switch self {
        case .firewalld:
            "firewalld writes the rule again at every reload. Its own setting is IPv6_rpfilter= in"
                + " /etc/firewalld/firewalld.conf, for all interfaces: loose where this firewalld knows it (from 2.2),"
                + " else no."
        case .nixos:
            "The NixOS firewall writes the rule again at every switch. Its own setting is"
                + " networking.firewall.checkReversePath, for all interfaces (\"loose\" or false); an exemption for one"
                + " goes into networking.firewall.extraReversePathFilterRules with nftables, else into extraCommands."
        case .calico:
            "Felix writes its rules again within iptablesRefreshInterval or nftablesRefreshInterval. To let a workload"
                + " send with other addresses, annotate its pod with cni.projectcalico.org/allowedSourcePrefixes and set"
                + " workloadSourceSpoofing: Any in the FelixConfiguration."
        case .vyos:
            "VyOS writes the rule again at every commit. Its own setting is source-validation of the interface's ip or"
                + " ipv6 node (strict, loose or disable)."
        }
    }
}
