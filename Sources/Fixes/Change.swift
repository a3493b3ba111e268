// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// One thing a fix changes on the host.
///
/// Everything that is said about a change is derived from it: the facts its simulation runs on (`HostState.apply`), its
/// command and the command that takes it back (`Change.commands`), and what stays behind (`Change.traces`). So a
/// command cannot do anything else than what was simulated.
enum Change: Hashable, Sendable {
    case sysctl(SysctlSetting)
    case addAddress(InterfaceAddress)
    case removeAddress(InterfaceAddress)
    case addRule(Rule)
    /// With `gatewayUnknown` the command carries a placeholder where the gateway belongs.
    case addRoute(Route, gatewayUnknown: Bool = false)
    case exemptFromFilter(FilterExemption)

    static func set(_ scope: SysctlSetting.Scope, _ key: InterfaceSysctl, _ value: Int32) -> Self {
        .sysctl(SysctlSetting(scope, key, value))
    }

    var isSysctl: Bool {
        if case .sysctl = self { true } else { false }
    }

    var hasPlaceholder: Bool {
        if case .addRoute(_, gatewayUnknown: true) = self { true } else { false }
    }

    /// True when the facts already are as the change would make them.
    func isNoOperation(on facts: NetworkFacts) -> Bool {
        switch self {
        case .sysctl(let setting): setting.current(in: facts.configuration) == setting.value
        case .addAddress(let address): facts.addresses.contains(address)
        case .removeAddress(let address): !facts.addresses.contains(address)
        case .addRule(let rule): facts.rules.contains(rule)
        case .addRoute(let route, _): facts.routes.contains(route)
        case .exemptFromFilter: false
        }
    }
}
