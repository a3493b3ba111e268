// SPDX-License-Identifier: Apache-2.0
package import Lab

extension Scenario {
    /// Every scenario that is a value.
    package static let all: [Scenario] =
        StrictMode.scenarios + LooseMode.scenarios + Unnumbered.scenarios + OwnAddress.scenarios + Marks.scenarios
        + PolicyRules.scenarios + CompetingRoutes.scenarios + MulticastAndBroadcast.scenarios + Forwarding.scenarios
        + Netfilter.scenarios + InvalidSources.scenarios + StackedDevices.scenarios + Tunnels.scenarios
        + WireGuard.scenarios + IPsec.scenarios + LoadBalancers.scenarios + BridgeFilters.scenarios
        + AcrossNamespaces.scenarios + InterfaceNames.scenarios + TypeOfService.scenarios + Protocols.scenarios
        + Namespaces.scenarios
}

extension Procedure {
    /// Every scenario that is a function.
    package static let all: [Procedure] =
        Namespaces.procedures + AddressResolution.procedures + Flood.procedures + ForeignDevices.procedures
        + Overwriting.procedures + IPv6Filters.procedures + ForgedSources.procedures
}
