// SPDX-License-Identifier: Apache-2.0
import Facts
import ModelLab
import Packets
import Routing
import Testing

private let a0 = Lab.a0
private let b0 = Lab.b0

private func lookup(_ key: LookupKey, _ change: (inout Lab) -> Void) -> LookupResult {
    var lab = Lab()
    change(&lab)
    return lab.model.lookup(key)
}

private let toSource = LookupKey(destination: Lab.asymmetric, source: Lab.local)

extension LookupResult {
    /// The interface of the route that was found.
    fileprivate var interface: UInt32? {
        if case .found(let route) = end { return route.nexthops.first?.interface }
        return nil
    }
}

@Suite struct LookupTests {
    @Test func rulesAreFollowedInTheOrderOfTheirPriorityAndThenOfTheirAge() {
        let result = lookup(toSource) { lab in
            lab.facts.rules += [
                Rule(priority: 200, action: .lookup(table: 102)), Rule(priority: 100, action: .lookup(table: 100)),
                Rule(priority: 100, action: .lookup(table: 101)),
            ]
            lab.route("default", a0, table: 101)
            lab.route("default", b0, table: 102)
        }
        #expect(result.interface == a0)
        #expect(result.rule?.action == .lookup(table: 101))
        #expect(result.tables == [255, 101])
    }

    @Test func aTableWithoutMatchGoesOnWithTheNextRule() {
        let result = lookup(toSource) { lab in
            lab.rule(.lookup(table: 100))
            lab.route("10.0.0.0/8", a0, table: 100)
        }
        #expect(result.interface == b0)
        #expect(result.tables == [255, 100, 254])
        #expect(result.rule?.priority == 32_766)
    }

    @Test func gotoJumpsForwardToARuleThatIsMatchedInItsTurn() {
        func change(to priority: UInt32?, matches: Bool = true) -> (inout Lab) -> Void {
            { lab in
                lab.rule(.goto(priority: priority), priority: 100)
                lab.rule(.blackhole, priority: 150)
                lab.rule(.lookup(table: 100), priority: 200) {
                    $0.to = prefix(matches ? "203.0.113.0/24" : "10.0.0.0/8")
                }
                lab.route("default", a0, table: 100)
            }
        }
        #expect(lookup(toSource, change(to: 200)).interface == a0)
        #expect(lookup(toSource, change(to: 200, matches: false)).interface == b0)
        // Unresolved, or backwards: the rule is passed over.
        #expect(lookup(toSource, change(to: nil)).end == .refusedByRule)
        #expect(lookup(toSource, change(to: 777)).end == .refusedByRule)
        #expect(lookup(toSource, change(to: 50)).end == .refusedByRule)
        #expect(lookup(toSource, change(to: 100)).end == .refusedByRule)
    }

    @Test func nopDoesNothingAndRefusalsEndTheLookup() {
        #expect(lookup(toSource) { $0.rule(.nop) }.interface == b0)
        for action in [Rule.Action.blackhole, .unreachable, .prohibit] {
            let result = lookup(toSource) { $0.rule(action, priority: 7) }
            #expect(result.end == .refusedByRule)
            #expect(result.rule?.priority == 7)
            #expect(result.tables == [255])
        }
    }

    @Test func everySelectorSelects() {
        func matches(_ key: LookupKey = toSource, _ select: @escaping (inout Rule) -> Void) -> Bool {
            lookup(key) { lab in
                lab.rule(.lookup(table: 100), priority: 10, select)
                lab.route("default", a0, table: 100)
            }.interface == a0
        }
        #expect(matches { _ in })
        #expect(!matches { $0.isInverted = true })
        #expect(matches { $0.to = prefix("203.0.113.0/24") })
        #expect(!matches { $0.to = prefix("203.0.114.0/24") })
        #expect(
            matches {
                $0.to = prefix("203.0.114.0/24")
                $0.isInverted = true
            })
        #expect(matches { $0.from = prefix("192.0.2.1") })
        #expect(!matches { $0.from = prefix("192.0.2.2") })
        #expect(matches { $0.inputInterface = "lo" })
        #expect(!matches { $0.inputInterface = "a0" })
        #expect(!matches { $0.inputInterface = "gone" })
        #expect(
            matches {
                $0.inputInterface = "gone"
                $0.isInverted = true
            })
        #expect(!matches { $0.outputInterface = "a0" })
        var bound = toSource
        bound.outputInterface = a0
        #expect(matches(bound) { $0.outputInterface = "a0" })

        var marked = toSource
        marked.mark = 0x1234
        func selectMark(_ mark: UInt32, _ mask: UInt32) -> (inout Rule) -> Void {
            { rule in (rule.mark, rule.markMask) = (mark, mask) }
        }
        #expect(matches(marked, selectMark(0x1234, .max)))
        #expect(matches(marked, selectMark(0x34, 0xFF)))
        #expect(!matches(marked, selectMark(0x35, 0xFF)))
        #expect(matches(marked, selectMark(0, 0)))
        #expect(!matches(marked, selectMark(0, .max)))

        #expect(matches { $0.userIDs = 0...0 })
        #expect(!matches { $0.userIDs = 1000...2000 })
        #expect(!matches { $0.tunnelKey = 5 })
        #expect(!matches { $0.isL3Master = true })

        var flow = toSource
        (flow.transport, flow.sourcePort, flow.destinationPort) = (.udp, 9, 40_000)
        #expect(matches(flow) { $0.transport = .udp })
        #expect(!matches(flow) { $0.transport = .tcp })
        #expect(matches(flow) { $0.sourcePorts = 1...10 })
        #expect(!matches(flow) { $0.sourcePorts = 10...20 })
        #expect(matches(flow) { $0.destinationPorts = 40_000...40_000 })
        #expect(!matches(flow) { $0.destinationPorts = 9...9 })
    }

    @Test func tosSelectsInTheLegacyBitsAndDSCPInAll() {
        func matches(_ tos: UInt8, rule selector: UInt8, mask: UInt8) -> Bool {
            var key = toSource
            key.tos = tos
            return lookup(key) { lab in
                lab.rule(.lookup(table: 100), priority: 10) { ($0.tos, $0.tosMask) = (selector, mask) }
                lab.route("default", a0, table: 100)
            }.interface == a0
        }
        #expect(matches(0x10, rule: 0x10, mask: 0x1C))
        #expect(matches(0xB0, rule: 0x10, mask: 0x1C))
        #expect(!matches(0x08, rule: 0x10, mask: 0x1C))
        #expect(matches(0x08, rule: 0, mask: 0x1C))
        #expect(!matches(0x12, rule: 0x12, mask: 0x1C))
        #expect(!matches(0x00, rule: 0x02, mask: 0x1C))
        #expect(!matches(0xB0, rule: 0x10, mask: 0xFC))
        #expect(matches(0xB0, rule: 0xB0, mask: 0xFC))
        // `ip rule add dscp 0` selects; `tos 0` does not.
        #expect(matches(0, rule: 0, mask: 0xFC))
        #expect(!matches(0x08, rule: 0, mask: 0xFC))
    }

    @Test func aRouteWithTOSIsForThatTOSAndBeforeOthersOfItsPrefix() {
        func interface(_ tos: UInt8) -> UInt32? {
            var key = toSource
            key.tos = tos
            return lookup(key) { lab in
                lab.route("203.0.113.0/25", a0, metric: 50, tos: 0x10)
            }.interface
        }
        #expect(interface(0) == b0)
        #expect(interface(0x10) == a0)
        #expect(interface(0xF0) == a0)
        #expect(interface(0x18) == b0)
    }

    @Test func thePrefixDecidesBeforeTheMetric() {
        #expect(lookup(toSource) { $0.route("203.0.113.4/30", a0, metric: 9_999) }.interface == a0)
        #expect(lookup(toSource) { $0.route("203.0.113.0/24", a0) }.interface == b0)
        #expect(lookup(toSource) { $0.route("203.0.113.0/25", a0, metric: 1) }.interface == b0)
        #expect(
            lookup(toSource) { lab in
                lab.unroute("203.0.113.0/25")
                lab.route("203.0.113.0/25", b0, metric: 2)
                lab.route("203.0.113.0/25", a0, metric: 1)
            }.interface == a0)
    }

    @Test func throwGoesOnAndIsNamedWhenNothingElseAnswers() {
        let goesOn = lookup(toSource) { lab in
            lab.rule(.lookup(table: 100))
            lab.refuse(.throw, "203.0.113.0/24", table: 100)
        }
        #expect(goesOn.interface == b0)
        let ends = lookup(LookupKey(destination: Lab.unrouted)) { lab in
            lab.rule(.lookup(table: 100), priority: 77)
            lab.refuse(.throw, "203.0.113.0/24", table: 100)
        }
        #expect(ends.route?.kind == .throw)
        #expect(ends.rule?.priority == 77)
        if case .refusedByRoute = ends.end {} else { Issue.record("\(ends.end)") }
    }

    @Test func suppressedRoutesArePassedOver() {
        func interface(_ select: @escaping (inout Rule) -> Void) -> UInt32? {
            lookup(toSource) { lab in
                lab.route("default", a0, table: 100)
                lab.rule(.lookup(table: 100), select)
                for index in lab.facts.links.indices where lab.facts.links[index].index == a0 {
                    lab.facts.links[index].group = 7
                }
            }.interface
        }
        #expect(interface { _ in } == a0)
        #expect(interface { $0.suppressPrefixLength = 0 } == b0)
        #expect(interface { $0.suppressPrefixLength = -1 } == a0)
        #expect(interface { $0.suppressInterfaceGroup = 7 } == b0)
        #expect(interface { $0.suppressInterfaceGroup = 8 } == a0)
        #expect(interface { $0.suppressInterfaceGroup = -1 } == a0)
        // A refusal is no route that could be suppressed.
        let refused = lookup(toSource) { lab in
            lab.refuse(.blackhole, "default", table: 100)
            lab.rule(.lookup(table: 100)) { $0.suppressPrefixLength = 32 }
        }
        #expect(refused.route?.kind == .blackhole)
    }

    @Test func localAndMainAreOneTableUntilARuleIsAdded() {
        func kind(_ change: (inout Lab) -> Void = { _ in }) -> Route.Kind? {
            lookup(toSource) { lab in
                lab.facts.routes.append(
                    Route(
                        table: 255, destination: prefix("203.0.113.0/24"), kind: .local,
                        nexthops: [Nexthop(interface: 1)]))
                change(&lab)
            }.route?.kind
        }
        #expect(kind() == .unicast)
        #expect(kind { $0.rule(.nop) } == .local)
        // The flag stays after the rule is gone.
        #expect(kind { $0.facts.hasCustomRules = true } == .local)
    }

    @Test(arguments: [false, true]) func onlyThrowLetsTheDefaultTableAnswer(hasRules: Bool) {
        func end(_ kind: Route.Kind) -> LookupResult {
            lookup(LookupKey(destination: Lab.unrouted)) { lab in
                lab.refuse(kind, "203.0.113.0/24")
                lab.route("default", a0, table: Route.Table.default)
                if hasRules { lab.rule(.nop) }
            }
        }
        #expect(end(.throw).interface == a0)
        #expect(end(.blackhole).route?.kind == .blackhole)
    }

    @Test func deadNexthopsAreSkippedAndLinkdownOnesWhereTheKernelSaysSo() {
        func interface(_ state: Nexthop, _ key: LookupKey = toSource, isUp: Bool = true) -> UInt32? {
            lookup(key) { lab in
                lab.unroute("203.0.113.0/25")
                lab.facts.routes.append(Route(destination: prefix("203.0.113.0/25"), nexthops: [state]))
                lab.route("default", a0)
                for index in lab.facts.links.indices where lab.facts.links[index].index == b0 {
                    lab.facts.links[index].isUp = isUp
                }
            }.interface
        }
        var ignoring = toSource
        ignoring.ignoresLinkState = true
        let linkDown = Nexthop(interface: b0, isLinkDown: true)
        // How a dump shows it where linkdown routes are ignored.
        let shownDead = Nexthop(interface: b0, isDead: true, isLinkDown: true)
        #expect(interface(Nexthop(interface: b0)) == b0)
        #expect(interface(Nexthop(interface: b0, isDead: true)) == a0)
        #expect(interface(Nexthop(interface: b0, isDead: true), ignoring) == a0)
        #expect(interface(linkDown) == b0)
        #expect(interface(linkDown, ignoring) == b0)
        #expect(interface(shownDead) == a0)
        #expect(interface(shownDead, ignoring) == b0)
        #expect(interface(shownDead, ignoring, isUp: false) == a0)
    }

    @Test func oneUsableNexthopOfSeveralIsEnoughAndTheFirstIsChosen() {
        var lab = Lab()
        let route = Route(
            destination: prefix("203.0.113.200"),
            nexthops: [Nexthop(interface: a0, isDead: true), Nexthop(interface: b0), Nexthop(interface: a0)])
        lab.facts.routes.append(route)
        #expect(lab.model.lookup(LookupKey(destination: Lab.unrouted)).route == route)
        #expect(lab.model.chosenNexthop(route)?.interface == b0)
    }

    @Test func anOutputInterfaceFindsOnlyRoutesThroughIt() {
        var key = toSource
        key.outputInterface = a0
        #expect(lookup(key) { $0.route("default", a0) }.interface == a0)
        #expect(lookup(key) { _ in }.end == .nothing)
    }

    @Test func routesOfATableComeAsALookupWouldTryThem() {
        var lab = Lab()
        lab.route("default", a0, metric: 5)
        lab.refuse(.blackhole, "203.0.113.5/32")
        lab.route("203.0.113.0/25", a0, metric: 7)
        let routes = lab.model.routes(to: Lab.asymmetric, table: 254)
        #expect(routes.map(\.destination.length) == [32, 25, 25, 0])
        #expect(routes.map(\.metric) == [0, 0, 7, 5])
        #expect(lab.model.routes(to: Lab.asymmetric, table: 99) == [])
    }

    @Test func aModelOfChangedFactsAgreesWhetherItReusesTheIndexOrNot() {
        var lab = Lab()
        let before = lab.model
        lab.rule(.lookup(table: 100))
        lab[a0].rpFilter = 1
        let packet = Packet(source: Lab.asymmetric, destination: Lab.local)
        let reused = RoutingModel(lab.facts, reusing: before)
        #expect(reused.validateSource(packet, ingress: a0) == lab.model.validateSource(packet, ingress: a0))
        lab.route("default", a0, table: 100)
        let changed = RoutingModel(lab.facts, reusing: before)
        #expect(changed.validateSource(packet, ingress: a0).isAccepted)
    }

    @Test func hostileFactsNeitherLoopNorTrap() {
        var lab = Lab()
        lab.rule(.goto(priority: 10), priority: 10)
        lab.rule(.lookup(table: .max), priority: 11) { $0.isL3Master = true }
        lab.rule(.lookup(table: 0), priority: 12) { $0.suppressPrefixLength = .max }
        lab.facts.links.append(Link(index: .max, name: "", master: .max, vrfTable: 0))
        lab.facts.links.append(Link(index: a0, name: "twice"))
        lab.facts.routes.append(Route(destination: .any, nexthops: []))
        lab.facts.routes.append(Route(destination: .any, nexthops: [Nexthop(interface: .max)]))
        for source in [0, 1, 0x7F00_0001, 0xC000_0201, 0xE000_0001, .max] as [UInt32] {
            for ingress in [0, 1, a0, 77, .max] as [UInt32] {
                for path in [nil, .input, .forward(outputInterface: .max), .multicast, .broadcast, .arp] as [CheckPath?]
                {
                    let packet = Packet(source: IPv4Address(rawValue: source), destination: Lab.remote)
                    _ = lab.model.validateSource(packet, ingress: ingress, path: path)
                }
            }
        }
    }
}
