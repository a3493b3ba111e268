// SPDX-License-Identifier: Apache-2.0
import Facts
import Routing

extension ReverseRoute {
    /// A lookup's answer in the words of `ip route`; of several nexthops the one that the lookup took.
    init(_ result: LookupResult, model: RoutingModel) {
        let kind: String
        switch (result.end, result.rule?.action) {
        case (.found(let route), _), (.refusedByRoute(let route), _): kind = "\(route.kind)"
        case (.refusedByRule, .unreachable?): kind = "unreachable"
        case (.refusedByRule, .prohibit?): kind = "prohibit"
        case (.refusedByRule, _): kind = "blackhole"
        case (.nothing, _): kind = "none"
        }
        let route = result.route
        let nexthop = route.flatMap { model.chosenNexthop($0) }
        self.init(
            kind: kind, interface: nexthop.flatMap { model.link($0.interface)?.name },
            interfaceIndex: nexthop?.interface, gateway: nexthop?.gateway, table: route?.table,
            rulePriority: result.rule?.priority, prefix: route?.destination)
    }
}
