// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets

extension NetworkFacts {
    /// Gives an interface an address together with the routes that the kernel makes for it: the local one, the connected
    /// prefix and its broadcast address, in the VRF's table when it is a member (`net/ipv4/fib_frontend.c`,
    /// fib_add_ifaddr).
    package mutating func assign(_ address: InterfaceAddress) {
        addresses.append(address)
        let link = link(address.interface)
        let vrfTable = link?.vrfTable ?? link?.master.flatMap { self.link($0)?.vrfTable }
        let nexthop = Nexthop(interface: address.interface)
        func add(_ kind: Route.Kind, _ destination: IPv4Prefix, scope: UInt8) {
            let table = kind == .unicast ? Route.Table.main : Route.Table.local
            routes.append(
                Route(
                    table: vrfTable ?? table, destination: destination, kind: kind, scope: scope, origin: 2,
                    preferredSource: address.local, nexthops: [nexthop]))
        }
        let linkScope: UInt8 = 253
        let hostScope: UInt8 = 254
        add(.local, IPv4Prefix(address.local, length: 32), scope: hostScope)
        guard link?.isUp != false else { return }
        var broadcasts: Set<IPv4Address> = []
        if let broadcast = address.broadcast, !broadcast.isLimitedBroadcast { broadcasts.insert(broadcast) }
        let prefix = address.prefix
        if !address.isSecondary && !prefix.address.isUnspecified
            && (prefix.address != address.local || prefix.length < 32)
        {
            let isLoopback = link?.isLoopback == true
            add(isLoopback ? .local : .unicast, prefix, scope: isLoopback ? hostScope : linkScope)
            if prefix.length < 31 { broadcasts.insert(prefix.last) }
        }
        for broadcast in broadcasts.sorted() {
            add(.broadcast, IPv4Prefix(broadcast, length: 32), scope: linkScope)
        }
    }
}
