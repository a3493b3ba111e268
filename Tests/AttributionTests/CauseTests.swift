// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Routing
import Testing

@Suite struct CauseTests {
    @Test func strictWithTheSourceRoutedElsewhere() {
        let judged = lab().judge()
        #expect(judged.attributed)
        #expect(judged.cause == .wrongInterface)
        #expect(judged.certainty == Certainty(attributed: .observed, cause: .inferred))
        #expect(judged.inferredFrom == InferenceSource(snapshotTime: 1_000, raced: false))
        #expect(judged.path == .input)
        #expect(
            judged.reverse
                == ReverseRoute(
                    kind: "unicast", interface: "b0", interfaceIndex: Lab.b0, gateway: Lab.remote, table: 254,
                    rulePriority: 32_766, prefix: prefix("203.0.113.0/25")))
    }

    @Test func strictWithoutRouteToTheSource() {
        let judged = lab().judge(from: Lab.unrouted)
        #expect(judged.cause == .noRoute)
        #expect(judged.certainty.cause == .inferred)
        #expect(judged.reverse == ReverseRoute(kind: "none"))
    }

    @Test func looseOnAnInterfaceWithAnAddressCanOnlyLackARoute() {
        let judged = lab(mode: 2).judge(from: Lab.unrouted)
        #expect(judged.cause == .noRoute)
        #expect(judged.certainty == Certainty(attributed: .observed, cause: .observed))
        #expect(judged.inferredFrom == nil)
    }

    @Test(arguments: [1, 2, 7] as [Int32])
    func withoutAddressEveryModeRefusesTheOtherInterface(mode: Int32) {
        let lab = lab(mode: mode) { lab in
            lab.flush(Lab.a0)
            lab.assign("192.0.2.1/32", to: 1)
        }
        let judged = lab.judge()
        #expect(judged.cause == .noAddress)
        #expect(judged.certainty.cause == .inferred)
        #expect(judged.factors.contains(.unnumberedInterface))
        #expect(lab.judge(from: Lab.unrouted).cause == .noRoute)
    }

    @Test(arguments: [
        (Route.Kind.blackhole, "blackhole"), (.unreachable, "unreachable"), (.prohibit, "prohibit"), (.throw, "throw"),
    ])
    func refusingRoutesAreNoRoute(kind: Route.Kind, word: String) {
        let judged = lab { $0.refuse(kind, "203.0.113.200/32") }.judge(from: Lab.unrouted)
        #expect(judged.cause == .noRoute)
        #expect(judged.reverse?.kind == word)
        #expect(judged.reverse?.prefix == prefix("203.0.113.200"))
    }

    @Test(arguments: [(Rule.Action.blackhole, "blackhole"), (.unreachable, "unreachable"), (.prohibit, "prohibit")])
    func refusingRulesAreNoRoute(action: Rule.Action, word: String) {
        let judged = lab { $0.rule(action, priority: 77) }.judge()
        #expect(judged.cause == .noRoute)
        #expect(judged.reverse == ReverseRoute(kind: word, rulePriority: 77))
    }

    @Test func withoutSnapshotTheCauseIsUnknownUnlessTheKernelsFactsDecide() {
        let elsewhere = NamespaceIdentity(inode: 7)
        let strict = attribute(lab().drop(), model: nil, lastChange: nil, namespace: elsewhere)
        #expect(strict.attributed)
        #expect(strict.cause == nil)
        #expect(strict.certainty == Certainty(attributed: .observed, cause: .inferred))
        #expect(strict.inferredFrom == nil)
        #expect(strict.reverse == nil)
        #expect(strict.factors == [.otherNetns])
        let loose = attribute(lab(mode: 2).drop(), model: nil, lastChange: nil, namespace: elsewhere)
        #expect(loose.cause == .noRoute)
        #expect(loose.certainty.cause == .observed)
    }

    @Test func aSnapshotThatAcceptsContradictsTheKernel() {
        var lab = lab()
        let drop = lab.drop()
        lab.unroute("203.0.113.0/25")
        lab.route("203.0.113.0/25", via: "192.0.2.2", Lab.a0)
        let judged = attribute(drop, model: lab.model, lastChange: nil)
        #expect(judged.attributed)
        #expect(judged.cause == nil)
        #expect(judged.reverse == nil)
        #expect(judged.factors == [])
        #expect(judged.inferredFrom?.raced == true)
    }

    @Test func aContradictedSnapshotStillLeavesWhatTheKernelsFactsDecide() {
        var lab = lab(mode: 2)
        let drop = lab.drop(from: Lab.unrouted)
        lab.route("default", via: "192.0.2.2", Lab.a0)
        let judged = attribute(drop, model: lab.model, lastChange: nil)
        #expect(judged.cause == .noRoute)
        #expect(judged.certainty.cause == .observed)
        #expect(judged.reverse == nil)
        #expect(judged.factors == [])
    }

    @Test func theSysctlsAtTheDropCountAndNotThoseOfTheSnapshot() {
        var lab = lab()
        let drop = lab.drop()
        lab[Lab.a0].rpFilter = 0
        #expect(attribute(drop, model: lab.model, lastChange: nil).cause == .wrongInterface)
    }

    @Test func aModeThatWasSwitchedOffBeforeTheRecordWasMadeIsNotLoose() {
        var drop = lab().drop()
        drop.sysctls = SysctlsAtDrop(rpFilterAll: 0, rpFilterInterface: 0)
        #expect(attribute(drop, model: lab().model, lastChange: nil).cause == .wrongInterface)
        drop.packet.source = Lab.unrouted
        let judged = attribute(drop, model: lab().model, lastChange: nil)
        #expect(judged.cause == .noRoute)
        #expect(judged.certainty.cause == .inferred)
    }

    @Test func theAddressAtTheDropCountsAndNotThatOfTheSnapshot() {
        var lab = lab()
        lab.flush(Lab.a0)
        lab.assign("192.0.2.1/32", to: 1)
        let drop = lab.drop()
        lab.assign("192.0.2.1/24", to: Lab.a0)
        #expect(attribute(drop, model: lab.model, lastChange: nil).cause == .noAddress)
    }

    @Test(
        "raced: a change after the earlier of drop and snapshot",
        arguments: [
            (drop: UInt64(500), change: UInt64?.none, raced: false),
            (500, 400, false), (500, 700, true), (500, 1_500, true),
            (2_000, 900, false), (2_000, 1_500, true), (2_000, 2_500, true),
        ])
    func raced(drop: UInt64, change: UInt64?, raced: Bool) {
        let judged = attribute(lab().drop(time: drop), model: lab().model, lastChange: change)
        #expect(judged.cause == .wrongInterface)
        #expect(judged.inferredFrom == InferenceSource(snapshotTime: 1_000, raced: raced))
    }

    @Test(arguments: [
        (DropOutcome.localSource, Lab.own, Cause.localSource),
        (.invalidSource, address("224.0.0.9"), .invalidSource), (.localnet, address("127.0.0.9"), .localnet),
    ])
    func lookAlikesAreObservedAndNotAttributed(outcome: DropOutcome, source: IPv4Address, cause: Cause) {
        let judged = lab(mode: 0).judge(outcome, from: source)
        #expect(!judged.attributed)
        #expect(judged.cause == cause)
        #expect(judged.certainty == Certainty(attributed: .observed, cause: .observed))
        #expect(judged.inferredFrom == nil)
    }

    @Test func theReverseRouteIsToldOnlyWhereTheCheckLookedForIt() {
        #expect(lab(mode: 0).judge(.localSource, from: Lab.own).reverse == nil)
        let strict = lab().judge(.localSource, from: Lab.own).reverse
        #expect(strict?.kind == "local")
        #expect(strict?.interface == "b0")
        #expect(strict?.table == 255)
        #expect(strict?.prefix == prefix("198.51.100.1"))
        #expect(lab().judge(.invalidSource, from: address("224.0.0.9")).reverse == nil)
    }

    @Test(arguments: [
        (Lab.own, Cause.localSource, Basis.inferred), (address("198.51.100.255"), .invalidSource, .inferred),
        (address("127.0.0.9"), .localnet, .inferred), (address("224.0.0.9"), .invalidSource, .observed),
        (.limitedBroadcast, .invalidSource, .observed), (.unspecified, .invalidSource, .observed),
    ])
    func martiansOfOldKernelsAreToldApartBySimulation(source: IPv4Address, cause: Cause, basis: Basis) {
        let judged = lab().judge(.martian, from: source)
        #expect(!judged.attributed)
        #expect(judged.cause == cause)
        #expect(judged.certainty.cause == basis)
        #expect((judged.inferredFrom == nil) == (basis == .observed))
    }

    @Test func aMartianThatNothingExplainsKeepsTheKernelsName() {
        #expect(lab().judge(.martian, from: Lab.neighbor).cause == .other)
        let gone = attribute(lab().drop(.martian, from: Lab.own), model: nil, lastChange: nil)
        #expect(gone.cause == .other)
        #expect(!gone.attributed)
    }

    @Test func anyOtherReasonIsOnlyNamed() {
        let judged = lab { $0[0].rpFilter = 2 }.judge(.other)
        #expect(
            judged
                == DropAttribution(
                    attributed: false, cause: .other, certainty: Certainty(attributed: .observed, cause: .observed)))
    }

    @Test func withoutReasonAndReturnValueNothingIsObserved() {
        var drop = lab().drop()
        drop.reasonName = nil
        drop.key.reason = 0
        #expect(attribute(drop, model: lab().model, lastChange: nil).certainty.attributed == .inferred)
        drop.hooks = [.drop, .verdict]
        #expect(attribute(drop, model: lab().model, lastChange: nil).certainty.attributed == .observed)
    }

    @Test func thePathIsTheKernelsElseTheModelsElseTheAddresss() {
        let forwarding = lab { $0[Lab.a0].forwarding = true }
        #expect(forwarding.judge(to: Lab.remote).path == .forward)
        #expect(forwarding.judge(to: Lab.remote, path: .input).path == .input)
        #expect(lab().judge(to: address("239.1.1.1")).path == .multicast)
        #expect(lab().judge(to: .limitedBroadcast).path == .broadcast)
        #expect(lab().judge(to: address("192.0.2.255")).path == .broadcast)
        #expect(lab().judge(path: .arp).path == .arp)
        let group = lab().drop(to: address("239.1.1.1"))
        #expect(attribute(group, model: nil, lastChange: nil).path == .multicast)
        #expect(attribute(lab().drop(), model: nil, lastChange: nil).path == nil)
    }

    @Test func aForwardedPacketIsCheckedAgainstTheInterfaceThatTheKernelChose() {
        let lab = lab { lab in
            lab[Lab.a0].forwarding = true
            lab.rule(.lookup(table: 100)) { $0.inputInterface = "b0" }
            lab.refuse(.blackhole, "203.0.113.5/32", table: 100)
        }
        var drop = lab.drop(to: Lab.remote)
        #expect(attribute(drop, model: lab.model, lastChange: nil).cause == .noRoute)
        drop.outputInterface = Lab.a0
        #expect(attribute(drop, model: lab.model, lastChange: nil).cause == .wrongInterface)
        #expect(attribute(drop, model: lab.model, lastChange: nil).path == .forward)
    }

    @Test func aMemberOfAVRFIsCheckedInItsTable() {
        let lab = lab { $0.enslave() }
        let judged = lab.judge()
        #expect(judged.cause == .wrongInterface)
        #expect(judged.reverse?.table == 10)
        #expect(judged.reverse?.rulePriority == 1000)
        #expect(judged.factors.contains(.vrf))
    }
}
