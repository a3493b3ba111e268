// SPDX-License-Identifier: Apache-2.0
import Facts
import ModelLab
import Packets
import Routing
import Testing

/// The index of a table against going through all of its routes.
@Suite struct RouteTableTests {
    /// Routes in three tables, with prefixes that lie in each other and several routes to some, in no order.
    private func routes(_ count: Int, seed: UInt64) -> [Route] {
        var random = SeededGenerator(state: seed)
        return (0..<count).map { _ in
            // Half of them close together.
            let isClose = Bool.random(using: &random)
            let address = UInt32.random(in: isClose ? 0x0A00_0000...0x0A00_FFFF : 0...UInt32.max, using: &random)
            return Route(
                table: UInt32.random(in: 253...255, using: &random),
                destination: IPv4Prefix(
                    IPv4Address(rawValue: address), length: UInt8.random(in: 0...32, using: &random)),
                tos: [0, 0, 0, 0x10, 0x08][Int.random(in: 0..<5, using: &random)],
                metric: UInt32.random(in: 0...3, using: &random),
                nexthops: [Nexthop(interface: UInt32.random(in: 2...9, using: &random))])
        }
    }

    private func expected(_ routes: [Route], to address: IPv4Address, table: UInt32, tos: UInt8) -> [Route] {
        func key(_ entry: (offset: Int, element: Route)) -> (UInt8, UInt8, UInt32, Int) {
            (~entry.element.destination.length, ~entry.element.tos, entry.element.metric, entry.offset)
        }
        return routes.enumerated().filter {
            $0.element.table == table && $0.element.destination.contains(address)
                && ($0.element.tos == 0 || $0.element.tos == tos)
        }.sorted { key($0) < key($1) }.map(\.element)
    }

    @Test(arguments: [0, 1, 2, 30, 1_000, 20_000]) func everyRouteToAnAddressIsFoundInTheKernelsOrder(count: Int) {
        let routes = routes(count, seed: UInt64(count))
        var facts = NetworkFacts(namespace: NamespaceIdentity(inode: 1), routes: routes)
        let model = RoutingModel(facts)
        var random = SeededGenerator(state: 7)
        var addresses = (0..<100).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) } + [0, .max]
        for route in routes.prefix(50) {
            let (first, last) = (route.destination.address.rawValue, route.destination.last.rawValue)
            addresses += [first, last, first &- 1, last &+ 1]
        }
        for address in addresses.map(IPv4Address.init(rawValue:)) {
            for table: UInt32 in 253...255 {
                for tos: UInt8 in [0, 0x10] {
                    let found = model.routes(to: address, table: table, tos: tos)
                    #expect(found == expected(routes, to: address, table: table, tos: tos), "\(address) \(table)")
                }
            }
        }
        // A dump's order makes no difference.
        facts.routes.sort { ($0.table, $0.destination) < ($1.table, $1.destination) }
        let sorted = RoutingModel(facts)
        for address in addresses.map(IPv4Address.init(rawValue:)) {
            #expect(
                sorted.routes(to: address, table: 254).map(\.destination)
                    == model.routes(to: address, table: 254).map(\.destination))
        }
    }

    /// While no rule was ever added, local and main answer as one table.
    @Test func mergedTablesAnswerWithTheLongestPrefixOfBoth() {
        let routes = routes(5_000, seed: 3)
        let facts = NetworkFacts(namespace: NamespaceIdentity(inode: 1), routes: routes)
        let model = RoutingModel(facts)
        var random = SeededGenerator(state: 8)
        for _ in 0..<500 {
            let address = IPv4Address(rawValue: UInt32.random(in: 0x0A00_0000...0x0A00_FFFF, using: &random))
            let local = expected(routes, to: address, table: 255, tos: 0).first
            let main = expected(routes, to: address, table: 254, tos: 0).first
            let longest =
                switch (local, main) {
                case (let local?, let main?):
                    local.destination.length >= main.destination.length ? local : main
                default: local ?? main
                }
            let found = model.lookup(LookupKey(destination: address)).route
            #expect(found == longest ?? expected(routes, to: address, table: 253, tos: 0).first)
        }
    }

    @Test func aListOfRoutesIsWhatWasPutIntoIt() {
        let routes = routes(3_000, seed: 4)
        var list: RouteList = []
        for route in routes { list.append(route) }
        #expect(Array(list) == routes)
        #expect(list == RouteList(routes) && list.hashValue == RouteList(routes).hashValue)
        var shuffled = RouteList(routes.reversed())
        #expect(shuffled != list)
        shuffled.reverse()
        #expect(shuffled == list && shuffled.hashValue == list.hashValue)

        var array = routes
        for index in stride(from: 0, to: routes.count, by: 7) {
            list[index].metric += 10
            list[index].nexthops.append(Nexthop(interface: 77, isDead: true))
            array[index].metric += 10
            array[index].nexthops.append(Nexthop(interface: 77, isDead: true))
        }
        #expect(list != RouteList(routes) && Array(list) == array)
        list.removeAll { $0.table == 254 }
        array.removeAll { $0.table == 254 }
        #expect(Array(list) == array)
        list.insert(routes[0], at: 5)
        list.removeSubrange(10..<20)
        array.insert(routes[0], at: 5)
        array.removeSubrange(10..<20)
        #expect(Array(list) == array)
        list.removeAll()
        #expect(list.isEmpty && list == [])
    }

    @Test func aListKnowsWhetherItHasRealmsAndLocalRoutesOfUsers() {
        let plain = Route(destination: prefix("192.0.2.0/24"), nexthops: [Nexthop(interface: 2)])
        var realm = plain
        realm.hasRealm = true
        var local = plain
        local.kind = .local
        var list: RouteList = [plain]
        #expect(!list.hasRealm && !list.hasUsersLocalRoute)
        list += [realm, local]
        #expect(list.hasRealm && list.hasUsersLocalRoute)
        list.removeAll { $0 != plain }
        #expect(!list.hasRealm && !list.hasUsersLocalRoute)
        local.origin = 2
        list.append(local)
        #expect(!list.hasUsersLocalRoute)
    }
}
