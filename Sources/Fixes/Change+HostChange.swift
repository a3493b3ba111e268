// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension Change {
    /// The change as the kernel's interfaces take it. `facts` are those before any change of the fix.
    ///
    /// Nil when it cannot be made as it stands: an interface is gone, a gateway is unknown.
    func hostChange(facts: NetworkFacts) -> HostChange? {
        switch self {
        case .sysctl(let setting):
            guard let name = setting.directory(in: facts) else { return nil }
            let interface: UInt32? = if case .interface(let index) = setting.scope { index } else { nil }
            return .sysctl(
                SysctlChange(
                    interface: interface, directory: name, key: setting.key.rawValue,
                    before: String(setting.current(in: facts.configuration)), after: String(setting.value)))
        case .addAddress(let address): return .addAddress(address)
        case .removeAddress(let address): return .removeAddress(address)
        case .addRule(let rule): return .addRule(rule)
        case .addRoute(var route, let gatewayUnknown):
            guard !gatewayUnknown else { return nil }
            route.origin = HostChange.origin
            return .addRoute(route)
        case .exemptFromFilter(let exemption):
            return facts.link(exemption.interface).flatMap { exemption.commands(for: $0) }.map { .filterRule($0) }
        }
    }
}
