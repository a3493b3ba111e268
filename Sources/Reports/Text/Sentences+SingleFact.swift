// SPDX-License-Identifier: Apache-2.0
import Facts
import Fixes
import Packets

extension Sentences {
    /// What would have to be so, to follow "it would pass if": `the effective rp_filter of eth0 were 2 (loose) or 0`.
    static func condition(_ fact: SingleFact, interface: InterfaceName) -> String {
        let name = interface.display
        return switch fact {
        case .mode(2): "the effective rp_filter of \(name) were loose (2), or off"
        case .mode: "the effective rp_filter of \(name) were off (0)"
        case .routeThroughIngress(let prefix, let table):
            "the \(route(prefix)) in table \(Names.table(table)) led through \(name)"
        case .routeToSource(let table, throughIngress: true):
            "table \(Names.table(table)) had a route to the source through \(name)"
        case .routeToSource(let table, throughIngress: false):
            "table \(Names.table(table)) had a route to the source, through whichever interface"
        case .withoutRoute(let prefix, let kind, let table):
            "the \(kind) \(route(prefix)) in table \(Names.table(table)) were not there"
        case .withoutRule(let priority): "the rule of priority \(priority) were not there"
        case .interfaceAddress: "\(name) had an IPv4 address"
        case .sourceValidMark(true): "src_valid_mark were on, so that the check used the packet's mark"
        case .sourceValidMark(false): "src_valid_mark were off, so that the check did not use the packet's mark"
        case .acceptLocal: "accept_local were on"
        case .routeLocalnet: "route_localnet were on"
        case .notOwnAddress(let owner): "the source were not an address of \(owner.display)"
        case .linksUp: "every link were up and had a carrier"
        }
    }

    private static func route(_ prefix: IPv4Prefix) -> String {
        prefix.length == 0 ? "default route" : "route \(prefix)"
    }
}
