// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import ModelLab
import Packets
import Routing
import Testing

@Suite struct SingleFactTests {
    /// The facts changed by hand, not by what the fixes use.
    private func facts(_ facts: NetworkFacts, _ fact: SingleFact, ingress: UInt32, source: IPv4Address) -> NetworkFacts
    {
        var facts = facts
        facts.hasCustomRules = facts.rules != Rule.defaults
        func own(_ change: (inout InterfaceConfiguration) -> Void) {
            var configuration = facts.configuration.own(ingress)
            change(&configuration)
            facts.configuration.interfaces[ingress] = configuration
        }
        switch fact {
        case .mode(let mode):
            facts.configuration.all.rpFilter = 0
            own { $0.rpFilter = mode }
        case .routeThroughIngress(let prefix, let table):
            for index in facts.routes.indices
            where facts.routes[index].destination == prefix && facts.routes[index].table == table {
                facts.routes[index].nexthops = [Nexthop(interface: ingress)]
            }
        case .routeToSource(let table, let throughIngress):
            let way = throughIngress ? ingress : (facts.links.last { $0.index != ingress }?.index ?? ingress)
            facts.routes.append(
                Route(table: table, destination: IPv4Prefix(source, length: 32), nexthops: [Nexthop(interface: way)]))
        case .withoutRoute(let prefix, let kind, let table):
            facts.routes.removeAll { $0.destination == prefix && $0.kind == kind && $0.table == table }
        case .withoutRule(let priority): facts.rules.removeAll { $0.priority == priority }
        case .interfaceAddress:
            facts.addresses.append(
                InterfaceAddress(
                    interface: ingress, local: address("198.51.100.99"),
                    prefix: IPv4Prefix(address("198.51.100.99"), length: 32)))
        case .sourceValidMark(let value):
            facts.configuration.all.srcValidMark = value
            own { $0.srcValidMark = value }
        case .acceptLocal: own { $0.acceptLocal = true }
        case .routeLocalnet: own { $0.routeLocalnet = true }
        case .notOwnAddress:
            facts.addresses.removeAll { $0.local == source }
            facts.routes.removeAll { $0.destination == IPv4Prefix(source, length: 32) && $0.kind == .local }
            let lone = facts.addresses.map(\.interface)
            // The connected routes of an interface go with its last address.
            facts.routes.removeAll { route in
                route.origin == 2 && route.preferredSource == source
                    || route.origin == 2 && route.nexthops.contains { !lone.contains($0.interface) }
            }
        case .linksUp:
            for index in facts.links.indices {
                facts.links[index].isUp = true
                facts.links[index].hasCarrier = true
            }
            for index in facts.routes.indices {
                for hop in facts.routes[index].nexthops.indices {
                    facts.routes[index].nexthops[hop].isDead = false
                    facts.routes[index].nexthops[hop].isLinkDown = false
                }
            }
        }
        return facts
    }

    @Test(arguments: AdviceCase.all)
    func `each single fact is enough by itself`(_ example: AdviceCase) throws {
        let problem = example.problem()
        let path: CheckPath? =
            switch problem.path {
            case .input: .input
            case .multicast: .multicast
            case .broadcast: .broadcast
            case .arp: .arp
            case .forward: .forward(outputInterface: problem.outputInterface ?? 0)
            case nil: nil
            }
        for fact in problem.advice.singleFacts {
            for packet in problem.packets {
                let changed = facts(problem.lab.facts, fact, ingress: problem.interface, source: packet.source)
                let verdict = RoutingModel(changed).validateSource(packet, ingress: problem.interface, path: path)
                #expect(verdict.isAccepted, "\(fact): \(verdict)")
            }
        }
    }

    @Test func `strict mode on the wrong interface is told by its mode and by its route`() {
        let problem = Problem(
            .wrongInterface, of: packet(from: Lab.asymmetric, to: Lab.local), in: host { $0[Lab.a0].rpFilter = 1 })
        #expect(
            problem.advice.singleFacts == [
                .mode(2), .routeThroughIngress(prefix("203.0.113.0/25"), table: Route.Table.main),
            ])
    }

    @Test func `every cause of rp_filter has a fact that decides it`() {
        for example in AdviceCase.all {
            let problem = example.problem()
            guard problem.cause?.isAttributed == true, problem.advice.fix.predicted == .accept else { continue }
            #expect(!problem.advice.singleFacts.isEmpty, "\(example.name)")
        }
    }
}
