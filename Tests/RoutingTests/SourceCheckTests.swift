// SPDX-License-Identifier: Apache-2.0
import Facts
import ModelLab
import Packets
import Routing
import Testing

private let a0 = Lab.a0
private let b0 = Lab.b0

private func strict(_ change: (inout Lab) -> Void = { _ in }) -> Lab {
    var lab = Lab()
    lab[a0].rpFilter = 1
    change(&lab)
    return lab
}

private func packet(from source: IPv4Address = Lab.asymmetric, to destination: IPv4Address = Lab.local) -> Packet {
    Packet(source: source, destination: destination, sourcePort: 40_000, destinationPort: 9)
}

extension Lab {
    fileprivate func decide(_ packet: Packet = packet(), path: CheckPath? = nil, on ingress: UInt32 = a0) -> Decision {
        model.validateSource(packet, ingress: ingress, path: path).decision
    }
}

@Suite struct SourceCheckTests {
    @Test func inAVRFTheMembersValueCountsAndTheVRFsTable() {
        #expect(strict { $0.enslave() }.decide() == .refuse(.wrongInterface))
        var lab = Lab()
        lab.enslave()
        lab[9].rpFilter = 1
        #expect(lab.decide() == .accept)
        let verdict = strict { $0.enslave() }.model.validateSource(packet(), ingress: a0)
        #expect(verdict.reverse?.route?.table == 10)
        #expect(verdict.path == .input)
        // Without the VRF's rule nothing is found at all, not even the destination.
        let ruleless = strict { lab in
            lab.enslave()
            lab.facts.rules.removeAll { $0.isL3Master }
        }
        #expect(ruleless.decide() == .notEvaluated(.forwardingOff))
        #expect(ruleless.decide(path: .input) == .refuse(.noRoute))
    }

    @Test(arguments: [1, 2] as [Int32])
    func whatCameThroughIPsecIsCheckedAsIfTheModeWereZero(_ mode: Int32) {
        let lab = strict { $0[a0].rpFilter = mode }
        func decide(_ source: IPv4Address, protected: Bool) -> Decision {
            var packet = packet(from: source)
            packet.hasSecurityPath = protected
            return lab.decide(packet)
        }
        #expect(decide(Lab.unrouted, protected: false) == .refuse(.noRoute))
        #expect(decide(Lab.unrouted, protected: true) == .accept)
        #expect(decide(Lab.asymmetric, protected: true) == .accept)
        #expect(decide(Lab.local, protected: true) == .refuse(.localSource))
        var inside = packet()
        inside.hasSecurityPath = true
        #expect(lab.model.validateSource(inside, ingress: a0).mode == 0)
    }

    @Test func aPacketThatComesInByTheVRFItselfMatchesItsMembers() {
        let lab = strict { lab in
            lab.enslave()
            lab[9].rpFilter = 1
            lab.assign("192.0.2.9/32", to: 9)
        }
        #expect(lab.decide(on: 9) == .accept)
    }

    @Test func anIifRuleForAVRFMatchesWhatBelongsToIt() {
        func lab(_ name: InterfaceName) -> Lab {
            strict { lab in
                lab.enslave()
                lab.rule(.lookup(table: 100), priority: 900) { $0.inputInterface = name }
                lab.route("203.0.113.0/24", a0, table: 100)
            }
        }
        #expect(lab("vrf0").decide() == .accept)
        #expect(lab("a0").decide() == .refuse(.wrongInterface))
    }

    @Test func portsAreSwappedAndLookedAtOnlyWhenARuleAsks() {
        func lab(_ select: @escaping (inout Rule) -> Void) -> Lab {
            strict { lab in
                lab.rule(.lookup(table: 100)) {
                    $0.inputInterface = nil
                    select(&$0)
                }
                lab.route("default", a0, table: 100)
            }
        }
        #expect(lab { $0.sourcePorts = 9...9 }.decide() == .accept)
        #expect(lab { $0.destinationPorts = 40_000...40_000 }.decide() == .accept)
        #expect(lab { $0.sourcePorts = 40_000...40_000 }.decide() == .refuse(.wrongInterface))
        #expect(lab { $0.transport = .udp }.decide() == .accept)
        // A fragment has no ports, but its protocol.
        var fragment = packet()
        fragment.moreFragments = true
        #expect(lab { $0.sourcePorts = 9...9 }.decide(fragment) == .refuse(.wrongInterface))
        #expect(lab { $0.transport = .udp }.decide(fragment) == .accept)
        // Rules for the host's own packets do not make the kernel look into received ones.
        let own = lab { rule in
            rule.inputInterface = "lo"
            rule.transport = .udp
        }
        #expect(own.decide() == .refuse(.wrongInterface))
        #expect(!own.model.rulesSelectOnFlow)
    }

    @Test func theDestinationOfBroadcastAndMulticastIsNotPartOfTheLookup() {
        let group = address("239.1.1.1")
        for destination in [group, .limitedBroadcast, address("192.0.2.255")] {
            let lab = strict { lab in
                lab.rule(.lookup(table: 100)) { $0.from = IPv4Prefix(destination, length: 32) }
                lab.route("default", a0, table: 100)
            }
            #expect(lab.decide(packet(to: destination)) == .refuse(.wrongInterface))
        }
        let all = strict { lab in
            lab.rule(.lookup(table: 100)) { $0.from = prefix("0.0.0.0/32") }
            lab.route("default", a0, table: 100)
        }
        #expect(all.decide(packet(to: group)) == .accept)
        #expect(all.decide() == .refuse(.wrongInterface))
    }

    @Test func aSourceOfZeroIsExemptOnlyWhereAHostWithoutAddressSpeaks() {
        var igmp = packet(from: .unspecified, to: address("239.1.1.1"))
        let lab = strict()
        #expect(lab.decide(igmp) == .refuse(.invalidSource))
        igmp.transport = .igmp
        #expect(lab.decide(igmp) == .accept)
        #expect(lab.decide(packet(from: .unspecified, to: address("224.0.0.22"))) == .accept)
        #expect(lab.decide(packet(from: .unspecified, to: .limitedBroadcast)) == .accept)
        #expect(lab.decide(packet(from: .unspecified, to: .unspecified)) == .accept)
        #expect(lab.decide(packet(from: .unspecified)) == .refuse(.invalidSource))
        #expect(lab.decide(packet(to: .unspecified)) == .notEvaluated(.badDestination))
        #expect(lab.decide(packet(from: .loopback, to: address("239.1.1.1"))) == .refuse(.localnet))
        #expect(lab.decide(packet(from: address("224.0.0.1"), to: address("239.1.1.1"))) == .refuse(.invalidSource))
    }

    @Test func arpAsksLikeAPacketWithoutTOSAndPorts() {
        #expect(strict().decide(path: .arp) == .refuse(.wrongInterface))
        let byTOS = strict { lab in
            lab.rule(.lookup(table: 100)) { $0.tos = 0x10 }
            lab.route("default", a0, table: 100)
        }
        var request = packet()
        request.tos = 0x10
        #expect(byTOS.decide(request) == .accept)
        #expect(byTOS.decide(request, path: .arp) == .refuse(.wrongInterface))
        #expect(strict().decide(packet(to: .limitedBroadcast), path: .arp) == .notEvaluated(.badDestination))
        #expect(strict().decide(packet(to: Lab.remote), path: .arp) == .notEvaluated(.forwardingOff))
        #expect(
            strict { $0[a0].forwarding = true }.decide(packet(to: Lab.remote), path: .arp) == .refuse(.wrongInterface))
    }

    @Test func whoAsksWhetherAnAddressIsFreeIsAnsweredWithoutACheck() {
        func probe(_ target: IPv4Address, _ lab: Lab = strict()) -> Decision {
            lab.decide(packet(from: .unspecified, to: target), path: .arp)
        }
        #expect(probe(Lab.local) == .accept)
        #expect(probe(Lab.own) == .accept)
        #expect(probe(Lab.neighbor) == .notEvaluated(.badDestination))
        #expect(probe(address("192.0.2.255")) == .notEvaluated(.badDestination))
        #expect(probe(.loopback) == .notEvaluated(.badDestination))
        #expect(probe(.loopback, strict { $0[a0].routeLocalnet = true }) == .accept)
        // Rules have no say in it, and without any the local table holds main's routes too.
        #expect(probe(Lab.local, strict { $0.rule(.blackhole, priority: 0) }) == .accept)
        let more = strict {
            $0.facts.routes.append(
                Route(destination: prefix("203.0.113.9"), kind: .local, nexthops: [Nexthop(interface: 1)]))
        }
        #expect(probe(address("203.0.113.9"), more) == .accept)
        var ruled = more
        ruled.rule(.nop)
        #expect(probe(address("203.0.113.9"), ruled) == .notEvaluated(.badDestination))
        // A member of a VRF answers for the VRF's addresses.
        #expect(probe(Lab.own, strict { $0.enslave() }) == .accept)
    }

    @Test func aPacketToAGroupIsCheckedWhenTheGroupWasJoined() {
        let group = address("233.252.0.1")
        func decide(_ lab: Lab, path: CheckPath? = nil) -> Decision { lab.decide(packet(to: group), path: path) }
        func join(_ groups: Set<IPv4Address>?, _ interface: UInt32, in lab: inout Lab) {
            for index in lab.facts.links.indices where lab.facts.links[index].index == interface {
                lab.facts.links[index].multicastGroups = groups
            }
        }
        #expect(decide(strict()) == .refuse(.wrongInterface), "membership is not known")
        let stranger = strict { join([address("224.0.0.1")], a0, in: &$0) }
        #expect(decide(stranger) == .notEvaluated(.groupNotJoined))
        #expect(decide(stranger, path: .multicast) == .refuse(.wrongInterface), "the kernel asked")
        #expect(decide(strict { join([group], a0, in: &$0) }) == .refuse(.wrongInterface))
        // What the VRF joined its members take in too.
        let member = strict { lab in
            lab.enslave()
            join([], a0, in: &lab)
            join([group], 9, in: &lab)
        }
        #expect(decide(member) == .refuse(.wrongInterface))
    }

    @Test func withFilteringOffOnlyOwnAddressesAreLookedFor() {
        var lab = Lab()
        #expect(lab.decide(packet(from: Lab.own)) == .refuse(.localSource))
        #expect(lab.model.validateSource(packet(from: Lab.own), ingress: a0).reverse == nil)
        // An address of a prefix that is local as a whole is not one of them, until the full check is turned on.
        lab.facts.routes.append(
            Route(
                table: 255, destination: prefix("203.0.113.192/26"), kind: .local, origin: 2,
                nexthops: [Nexthop(interface: 1)]))
        #expect(lab.decide(packet(from: Lab.unrouted)) == .accept)
        #expect(
            lab.model.assuming(customRules: true, customLocalRoutes: nil)
                .validateSource(packet(from: Lab.unrouted), ingress: a0).decision == .refuse(.localSource))
        #expect(
            lab.model.assuming(customRules: nil, customLocalRoutes: true)
                .validateSource(packet(from: Lab.unrouted), ingress: a0).decision == .refuse(.localSource))
    }

    @Test func unknownFlagsFollowFromRulesAndRoutes() {
        var lab = Lab()
        #expect(!lab.model.hasCustomRules)
        #expect(!lab.model.hasCustomLocalRoutes)
        lab.facts.routes.append(
            Route(table: 255, destination: prefix("203.0.113.192/26"), kind: .local, nexthops: [Nexthop(interface: 1)]))
        #expect(lab.model.hasCustomLocalRoutes)
        lab.facts.hasCustomLocalRoutes = false
        #expect(!lab.model.hasCustomLocalRoutes)
        lab.rule(.nop)
        #expect(lab.model.hasCustomRules)
        #expect(lab.model.assuming(customRules: false, customLocalRoutes: nil).hasCustomRules)
        var deleted = Lab()
        deleted.facts.rules.removeLast()
        #expect(deleted.model.hasCustomRules)
        #expect(Lab().model.assuming(customRules: true, customLocalRoutes: nil).hasCustomRules)
    }

    @Test func realmsAndRedirectsTurnTheFullCheckOn() {
        let broadcast = packet(from: address("198.51.100.255"))
        var realms = Lab()
        #expect(realms.decide(broadcast) == .accept)
        realms.facts.routes[0].hasRealm = true
        #expect(realms.decide(broadcast) == .refuse(.invalidSource))
        var ofRule = Lab()
        // With accept_local rules alone do not.
        ofRule[a0].acceptLocal = true
        ofRule.rule(.lookup(table: 100))
        #expect(ofRule.decide(broadcast) == .accept)
        ofRule.facts.rules[1].hasRealm = true
        #expect(ofRule.decide(broadcast) == .refuse(.invalidSource))
        #expect(
            RoutingModel(ofRule.facts, reusing: Lab().model).validateSource(broadcast, ingress: a0).decision
                == .refuse(.invalidSource))

        var redirects = Lab()
        redirects[a0].forwarding = true
        redirects[a0].sendRedirects = true
        redirects.route("203.0.113.200/32", via: "192.0.2.2", a0)
        let back = packet(from: address("198.51.100.255"), to: Lab.unrouted)
        #expect(redirects.decide(back) == .refuse(.invalidSource))
        redirects[a0].sendRedirects = false
        redirects[0].sendRedirects = false
        #expect(redirects.decide(back) == .accept)
    }

    @Test func theFullCheckAtModeZeroNeverRefusesForTheRoute() {
        var lab = Lab()
        lab.rule(.nop)
        #expect(lab.decide() == .accept)
        #expect(lab.decide(packet(from: Lab.unrouted)) == .accept)
        #expect(lab.decide(packet(from: Lab.own)) == .refuse(.localSource))
        lab.flush(a0)
        lab.assign("192.0.2.1/32", to: 1)
        #expect(lab.decide() == .accept)
    }

    @Test func anyModeButOneIsLoose() {
        for mode: Int32 in [2, 3, 7, -1] {
            var lab = Lab()
            lab[a0].rpFilter = mode
            lab[0].rpFilter = mode
            #expect(lab.decide() == .accept)
            #expect(lab.decide(packet(from: Lab.unrouted)) == .refuse(.noRoute))
        }
        // The larger value counts: -1 on the interface under 0 is off.
        var off = Lab()
        off[a0].rpFilter = -1
        #expect(off.decide(packet(from: Lab.unrouted)) == .accept)
    }

    @Test func theConfigurationAtTheDropReplacesTheSnapshots() {
        let lab = strict()
        let loose = lab.model.validateSource(
            packet(), ingress: a0, configuration: InterfaceConfiguration(rpFilter: 2))
        #expect(loose.decision == .accept)
        #expect(loose.mode == 2)
        let unnumbered = lab.model.validateSource(
            packet(), ingress: a0, configuration: InterfaceConfiguration(rpFilter: 2), ingressHasAddress: false)
        #expect(unnumbered.decision == .refuse(.noAddress))
    }

    @Test func aLocalRouteOnLoopbackMatchesLoopback() {
        var lab = Lab()
        lab[1].rpFilter = 1
        lab[1].acceptLocal = true
        #expect(lab.decide(packet(from: Lab.own), on: 1) == .accept)
    }

    @Test func theReverseLookupHasTheDSCPOfThePacket() {
        func decide(_ tos: UInt8) -> Decision {
            let lab = strict { lab in
                lab.rule(.lookup(table: 100)) { ($0.tos, $0.tosMask) = (0xB8, 0xFC) }
                lab.route("default", a0, table: 100)
            }
            var marked = packet()
            marked.tos = tos
            return lab.model.validateSource(marked, ingress: a0).decision
        }
        #expect(decide(0xBB) == .accept)
        #expect(decide(0x1B) == .refuse(.wrongInterface))
    }

    @Test func theDestinationDecidesThePath() {
        var lab = Lab()
        func reach(_ destination: IPv4Address) -> Reach {
            lab.model.checkPath(for: packet(to: destination), ingress: a0)
        }
        #expect(reach(Lab.local) == .checked(.input))
        #expect(reach(Lab.own) == .checked(.input))
        #expect(reach(address("192.0.2.255")) == .checked(.broadcast))
        #expect(reach(.limitedBroadcast) == .checked(.broadcast))
        #expect(reach(address("224.0.0.5")) == .checked(.multicast))
        #expect(reach(Lab.remote) == .notEvaluated(.forwardingOff))
        #expect(reach(Lab.unrouted) == .notEvaluated(.forwardingOff))
        #expect(reach(.loopback) == .notEvaluated(.badDestination))
        lab[a0].forwarding = true
        #expect(reach(Lab.remote) == .checked(.forward(outputInterface: b0)))
        #expect(reach(Lab.unrouted) == .notEvaluated(.noRouteToDestination))
        lab.refuse(.blackhole, "203.0.113.0/24")
        #expect(reach(Lab.unrouted) == .notEvaluated(.noRouteToDestination))
        lab[a0].broadcastForwarding = true
        lab[0].broadcastForwarding = true
        #expect(reach(address("198.51.100.255")) == .checked(.forward(outputInterface: b0)))
        lab[a0].routeLocalnet = true
        #expect(reach(.loopback) == .checked(.input))
    }

    @Test func aMarkedPacketsDestinationIsLookedUpWithItsMarkAndRules() {
        let lab = strict { lab in
            lab.rule(.lookup(table: 100)) { ($0.mark, $0.markMask, $0.inputInterface) = (1, .max, "a0") }
            lab.facts.routes.append(
                Route(table: 100, destination: .any, kind: .local, nexthops: [Nexthop(interface: 1)]))
        }
        var marked = packet(to: Lab.unrouted)
        #expect(lab.decide(marked) == .notEvaluated(.forwardingOff))
        marked.mark = 1
        #expect(lab.decide(marked) == .refuse(.wrongInterface))
    }

    @Test func anAssignedAddressBringsTheKernelsRoutes() {
        var facts = NetworkFacts(
            namespace: NamespaceIdentity(inode: 1),
            links: [
                Link(index: 1, name: "lo", isLoopback: true), Link(index: 2, name: "a0"),
                Link(index: 3, name: "down", isUp: false),
            ])
        facts.assign(InterfaceAddress(interface: 1, local: .loopback, prefix: prefix("127.0.0.0/8")))
        facts.assign(
            InterfaceAddress(
                interface: 2, local: Lab.local, prefix: prefix("192.0.2.0/24"), broadcast: address("192.0.2.255")))
        facts.assign(
            InterfaceAddress(
                interface: 2, local: address("192.0.2.9"), prefix: prefix("192.0.2.0/24"), isSecondary: true))
        facts.assign(InterfaceAddress(interface: 2, local: address("203.0.113.9"), prefix: prefix("203.0.113.9")))
        facts.assign(InterfaceAddress(interface: 3, local: address("203.0.113.1"), prefix: prefix("203.0.113.0/24")))
        func shown(_ table: UInt32) -> [String] {
            facts.routes.filter { $0.table == table }.map {
                "\($0.kind) \($0.destination) dev \($0.nexthops[0].interface)"
            }
        }
        #expect(shown(254) == ["unicast 192.0.2.0/24 dev 2"])
        #expect(
            shown(255) == [
                "local 127.0.0.1 dev 1", "local 127.0.0.0/8 dev 1", "broadcast 127.255.255.255 dev 1",
                "local 192.0.2.1 dev 2", "broadcast 192.0.2.255 dev 2", "local 192.0.2.9 dev 2",
                "local 203.0.113.9 dev 2", "local 203.0.113.1 dev 3",
            ])
    }
}
