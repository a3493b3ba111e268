// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Testing

private let host = NamespaceIdentity(inode: 4_026_531_840, cookie: 1, isOwn: true, isInitial: true)

private func drop(
    from source: IPv4Address = Lab.asymmetric, on interface: UInt32 = Lab.a0, outcome: DropOutcome = .reversePathFilter,
    namespace: UInt64 = 1, time: UInt64 = 100, mark: UInt32 = 0
) -> DropEvent {
    var drop = lab().drop(outcome, from: source, mark: mark, time: time)
    drop.key.interfaceIndex = interface
    drop.key.namespaceCookie = namespace
    drop.interfaceName = InterfaceName("if\(interface)")
    return drop
}

private func judgement(
    _ cause: Cause? = .wrongInterface, prefix: String? = "203.0.113.0/25", factors: [Factor] = [],
    path: PacketPath? = .input
) -> DropAttribution {
    DropAttribution(
        attributed: cause?.isAttributed ?? true, cause: cause, factors: factors,
        certainty: Certainty(attributed: .observed, cause: .inferred), path: path,
        reverse: prefix.map { ReverseRoute(kind: "unicast", prefix: ModelLab.prefix($0)) })
}

@Suite struct FindingTableTests {
    @Test func dropsOfOneProblemAreOneFinding() {
        var table = FindingTable()
        let first = table.record(drop(time: 100), attribution: judgement(), namespace: host)
        let second = table.record(drop(from: Lab.unrouted, time: 50), attribution: judgement(), namespace: host)
        #expect(first.isNew)
        #expect(!second.isNew)
        #expect(first.id == second.id)
        let finding = table.finding(first.id)
        #expect(table.findings == [finding].compactMap { $0 })
        #expect(finding?.detailed == 2)
        #expect(finding?.drops == 2)
        #expect(finding?.firstSeen == 50)
        #expect(finding?.lastSeen == 100)
        #expect(finding?.interface == "if2")
        #expect(finding?.interfaceIndex == 2)
        #expect(finding?.sources.map(\.prefix).sorted() == [.v4(prefix("203.0.113.5")), .v4(prefix("203.0.113.200"))])
    }

    @Test func theIdentityIsTheContractsAndNothingElse() {
        var table = FindingTable()
        func id(
            _ attribution: DropAttribution = judgement(), _ drop: DropEvent = drop(),
            in namespace: NamespaceIdentity = host
        ) -> String {
            table.record(drop, attribution: attribution, namespace: namespace).id
        }
        let base = id()
        #expect(base.count == 16)
        #expect(base.allSatisfy { "0123456789abcdef".contains($0) })
        // The same over runs: this very value is in people's recordings.
        #expect(base == "284d57761e0cec38")

        var other = host
        other.inode = 7
        other.cookie = 9
        #expect(id(in: other) == base)
        var otherSource = drop(from: Lab.unrouted, time: 7, mark: 3)
        otherSource.key.interfaceIndex = 77
        #expect(id(judgement(), otherSource) == base)
        #expect(id(judgement(factors: [.valueOverwritten, .spoofSuspected])) == base)

        other.name = "blue"
        let variants = [
            id(in: other), id(judgement(), drop(on: 3)), id(judgement(.noRoute)), id(judgement(nil)),
            id(judgement(path: .forward)), id(judgement(path: nil)), id(judgement(factors: [.dnat])),
            id(judgement(factors: [.dnat, .vrf])), id(judgement(prefix: "203.0.113.0/24")), id(judgement(prefix: nil)),
        ]
        #expect(Set(variants + [base]).count == variants.count + 1)
    }

    @Test func fieldsDoNotRunIntoEachOther() {
        var table = FindingTable()
        var first = host
        var second = host
        (first.name, second.name) = ("ab", "a")
        var one = drop()
        one.interfaceName = "c"
        var two = drop()
        two.interfaceName = "bc"
        let ids = [
            table.record(one, attribution: judgement(), namespace: first).id,
            table.record(two, attribution: judgement(), namespace: second).id,
        ]
        #expect(ids[0] != ids[1])
    }

    @Test func aContainerIsKnownByItsIDWhereThereIsNoName() {
        var table = FindingTable()
        func id(_ inode: UInt32, _ container: String?) -> String {
            let namespace = NamespaceIdentity(inode: inode, container: container.map { Container(id: $0) })
            return table.record(drop(), attribution: judgement(), namespace: namespace).id
        }
        #expect(id(5, "abc") == id(6, "abc"))
        #expect(id(5, "abc") != id(5, "abd"))
        #expect(id(5, nil) != id(6, nil))
    }

    @Test func countsAreSharedOutInProportionAndExactly() {
        var table = FindingTable()
        let wrong = table.record(drop(), attribution: judgement(), namespace: host).id
        _ = table.record(drop(), attribution: judgement(), namespace: host)
        let noRoute = table.record(drop(), attribution: judgement(.noRoute), namespace: host).id
        let counters = DropCounters(
            drops: 102, emitted: 3, suppressed: 90, lostRing: 7, filtered: 2, firstTime: 1, lastTime: 9_000)
        table.settle([drop().key: counters])
        #expect(table.finding(wrong)?.drops == 67)
        #expect(table.finding(noRoute)?.drops == 33)
        #expect(table.finding(wrong)?.detailed == 2)
        // Settling again changes nothing, whatever happened in between is counted once.
        table.settle([drop().key: counters])
        #expect(table.findings.map(\.drops) == [67, 33])
    }

    @Test(arguments: 0..<50)
    func sumsAreExactForAnyDistribution(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var table = FindingTable(maximumFindings: seed % 2 == 0 ? 1024 : 5)
        var counters: [DropKey: DropCounters] = [:]
        let causes: [Cause?] = [.wrongInterface, .noRoute, .noAddress, nil]
        for round in 0..<4 {
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                let event = drop(
                    on: .random(in: 2...6, using: &random), namespace: .random(in: 1...3, using: &random))
                let cause = causes.randomElement(using: &random) ?? nil
                _ = table.record(event, attribution: judgement(cause), namespace: host)
                counters[event.key, default: DropCounters()].drops += 1
                counters[event.key, default: DropCounters()].emitted += 1
            }
            for key in counters.keys {
                let suppressed = UInt64.random(in: 0...1_000_000, using: &random)
                let lost = UInt64.random(in: 0...3, using: &random)
                counters[key]?.suppressed += suppressed
                counters[key]?.lostRing += lost
                counters[key]?.drops += suppressed + lost
            }
            // A key that lost every record, and one whose drops nobody asked for.
            var lostKey = drop(on: 90, namespace: 5).key
            lostKey.path = .multicast
            counters[lostKey] = DropCounters(
                drops: UInt64(round) + 3, lostRing: UInt64(round) + 3, interfaceName: "lost0")
            counters[drop(on: 91).key] = DropCounters(drops: 8, filtered: 8, interfaceName: "far0")
            table.settle(counters)
            let total = counters.values.reduce(0) { $0 + $1.drops - $1.filtered }
            #expect(table.findings.reduce(0) { $0 + $1.drops } == total)
            #expect(table.findings.allSatisfy { $0.drops >= $0.detailed })
        }
    }

    @Test func hugeCountsDoNotOverflow() {
        var table = FindingTable()
        for cause in [Cause.wrongInterface, .noRoute, .noAddress] {
            for _ in 0..<7 { _ = table.record(drop(), attribution: judgement(cause), namespace: host) }
        }
        table.settle([drop().key: DropCounters(drops: .max)])
        #expect(table.findings.reduce(0) { $0 + $1.drops } == .max)
    }

    @Test func countersReadBeforeTheirRecordsLeaveTheDetails() {
        var table = FindingTable()
        for _ in 0..<5 { _ = table.record(drop(), attribution: judgement(), namespace: host) }
        table.settle([drop().key: DropCounters(drops: 3, emitted: 3)])
        #expect(table.findings.map(\.drops) == [5])
    }

    @Test func recordsThatComeAfterTheirCountAreNotCountedTwice() {
        var table = FindingTable()
        _ = table.record(drop(), attribution: judgement(), namespace: host)
        table.settle([drop().key: DropCounters(drops: 3, emitted: 3)])
        #expect(table.findings.map(\.drops) == [3])
        for _ in 0..<2 { _ = table.record(drop(), attribution: judgement(), namespace: host) }
        #expect(table.findings.map(\.drops) == [3])
    }

    @Test func aKeyWithoutAnyDetailMakesAFindingOfWhatItTells() {
        var table = FindingTable()
        _ = table.record(drop(), attribution: judgement(), namespace: host)
        var key = drop(on: 8).key
        key.interfaceHasAddress = false
        let counters = DropCounters(drops: 12, lostRing: 12, firstTime: 40, lastTime: 60, interfaceName: "eth8")
        table.settle([drop().key: DropCounters(drops: 1, emitted: 1), key: counters])
        let finding = table.findings.first
        #expect(finding?.drops == 12)
        #expect(finding?.detailed == 0)
        #expect(finding?.interface == "eth8")
        #expect(finding?.interfaceIndex == 8)
        #expect(finding?.namespace == host)
        #expect(finding?.attribution.attributed == true)
        #expect(finding?.attribution.cause == nil)
        #expect(finding?.attribution.factors == [.unnumberedInterface])
        #expect(finding?.firstSeen == 40)
        #expect(finding?.lastSeen == 60)
        #expect(table.findings.count == 2)

        // Its first record explains what was only counted so far.
        var event = drop(on: 8)
        event.key = key
        _ = table.record(event, attribution: judgement(.noAddress), namespace: host)
        table.settle([drop().key: DropCounters(drops: 1, emitted: 1), key: counters])
        #expect(table.findings.map(\.attribution.cause) == [.noAddress, .wrongInterface])
        #expect(table.findings.map(\.drops) == [12, 1])
    }

    @Test(arguments: [
        (DropOutcome.localSource, Cause.localSource), (.invalidSource, .invalidSource), (.localnet, .localnet),
        (.netfilter, .netfilter),
    ])
    func lookAlikesWithoutDetailAreNamedByTheirReason(outcome: DropOutcome, cause: Cause) {
        var table = FindingTable()
        table.settle([drop(outcome: outcome).key: DropCounters(drops: 2, interfaceName: "eth0")])
        #expect(table.findings.map(\.attribution.cause) == [cause])
        #expect(table.findings.map(\.attribution.attributed) == [false])
        table.settle([drop(outcome: .other).key: DropCounters(drops: 2)])
        #expect(table.findings.count == 1)
    }

    @Test func namespacesCanBeNamedForKeysWithoutDetail() {
        var table = FindingTable()
        let blue = NamespaceIdentity(inode: 3, cookie: 44, name: "blue")
        table.settle([drop(namespace: 44).key: DropCounters(drops: 2)]) { $0.namespaceCookie == 44 ? blue : nil }
        #expect(table.findings.first?.namespace == blue)
        #expect(table.findings.first?.attribution.factors == [.otherNetns])
    }

    @Test func dropsThatTheKernelCountedAsOverflowBelongToTheirRecords() {
        var table = FindingTable()
        let overflow = DropKey(
            namespaceCookie: 0, namespaceInode: 0, interfaceIndex: DropKey.overflowInterface, reason: 0,
            outcome: .reversePathFilter, path: nil, interfaceHasAddress: false)
        let counted = drop(on: 2)
        _ = table.record(counted, attribution: judgement(), namespace: host)
        for _ in 0..<3 { _ = table.record(drop(on: 3), attribution: judgement(), namespace: host) }
        _ = table.record(drop(on: 4), attribution: judgement(), namespace: host)
        table.settle([
            counted.key: DropCounters(drops: 10, emitted: 1, suppressed: 9),
            overflow: DropCounters(drops: 400, emitted: 4, suppressed: 396),
        ])
        #expect(table.findings.map(\.drops) == [300, 100, 10])
        _ = table.record(drop(on: 4), attribution: judgement(), namespace: host)
        table.settle([counted.key: DropCounters(drops: 10), overflow: DropCounters(drops: 500, emitted: 5)])
        #expect(table.findings.reduce(0) { $0 + $1.drops } == 510)
        #expect(table.findings.map(\.interface) == ["if3", "if4", "if2"])

        var bare = FindingTable()
        bare.settle([overflow: DropCounters(drops: 5)])
        #expect(bare.findings.map(\.drops) == [5])
        #expect(bare.findings.first?.interface == "")
        #expect(bare.findings.first?.attribution.factors == [])
    }

    @Test func theCountsOfAGoneNamespaceStay() {
        var table = FindingTable()
        let key = drop().key
        _ = table.record(drop(), attribution: judgement(), namespace: host)
        table.settle([key: DropCounters(drops: 10)])
        table.retire([key: DropCounters(drops: 12)])
        #expect(table.findings.map(\.drops) == [12])
        table.settle([:])
        #expect(table.findings.map(\.drops) == [12])
        // The interface came back under the same key's name: the kernel counts from 0 again.
        _ = table.record(drop(), attribution: judgement(), namespace: host)
        table.settle([key: DropCounters(drops: 5)])
        #expect(table.findings.map(\.drops) == [17])
    }

    @Test func attributedFindingsComeFirstAndTheHeaviestOfThem() {
        var table = FindingTable()
        func record(_ cause: Cause, _ count: Int) {
            let outcome: DropOutcome = cause.isAttributed ? .reversePathFilter : .localSource
            for _ in 0..<count {
                _ = table.record(drop(outcome: outcome), attribution: judgement(cause), namespace: host)
            }
        }
        record(.localSource, 9)
        record(.wrongInterface, 2)
        record(.noRoute, 3)
        record(.netfilter, 4)
        #expect(table.findings.map(\.attribution.cause) == [.noRoute, .wrongInterface, .localSource, .netfilter])
    }

    @Test func theLatestJudgementStands() {
        var table = FindingTable()
        _ = table.record(drop(), attribution: judgement(factors: [.spoofSuspected]), namespace: host)
        let id = table.record(drop(), attribution: judgement(), namespace: host).id
        #expect(table.finding(id)?.attribution.factors == [])
    }

    @Test func beyondTheLimitOneFindingANamespaceAndCauseTakesTheRest() {
        var table = FindingTable(maximumFindings: 4)
        var blue = host
        blue.name = "blue"
        for index in 2..<40 {
            let namespace = index % 2 == 0 ? host : blue
            let cause: Cause = index % 3 == 0 ? .noRoute : .wrongInterface
            _ = table.record(drop(on: UInt32(index)), attribution: judgement(cause), namespace: namespace)
        }
        let findings = table.findings
        #expect(findings.count == 4 + 4)
        #expect(findings.reduce(0) { $0 + $1.drops } == 38)
        let catchAll = findings.filter { $0.interface == "" }
        #expect(catchAll.count == 4)
        #expect(
            catchAll.allSatisfy {
                $0.interfaceIndex == 0 && $0.attribution.path == nil && $0.attribution.reverse == nil
            })
        #expect(Set(catchAll.map(\.namespace.stableName)) == ["init", "blue"])
    }

    @Test func noNumberOfNamespacesGrowsTheTable() {
        var table = FindingTable(maximumFindings: 8)
        var counters: [DropKey: DropCounters] = [:]
        for index in 0..<5_000 {
            let event = drop(on: UInt32(index % 7) + 2, namespace: UInt64(index))
            let namespace = NamespaceIdentity(inode: UInt32(index), cookie: UInt64(index))
            let cause: Cause = index % 2 == 0 ? .noRoute : .wrongInterface
            _ = table.record(event, attribution: judgement(cause), namespace: namespace)
            counters[event.key] = DropCounters(drops: 3, emitted: 1, suppressed: 2)
            if index % 50 == 49 {
                table.settle(counters)
                counters = [:]
            }
        }
        #expect(table.findings.count <= 2 * 8 + 2)
        #expect(table.findings.reduce(0) { $0 + $1.drops } == 15_000)
    }

    @Test func samplesAreOnePerKindOfPacketForRoutingAndBounded() {
        var table = FindingTable()
        var event = drop()
        var id = ""
        func record(ports: Bool = false) {
            id = table.record(event, attribution: judgement(), namespace: host, rulesSelectOnFlow: ports).id
        }
        record()
        event.packet.sourcePort = 5
        event.packet.identification = 99
        event.packet.tos = 3
        event.time = 7_000
        record()
        #expect(table.finding(id)?.samples.map(\.count) == [2])
        event.packet.tos = 0x10
        record()
        event.packet.mark = 9
        record()
        #expect(table.finding(id)?.samples.map(\.count) == [2, 1, 1])
        record(ports: true)
        event.packet.sourcePort = 6
        record(ports: true)
        #expect(table.finding(id)?.samples.count == 5)
        for address in 0..<1_000 {
            event.packet.source = IPv4Address(rawValue: UInt32(address))
            record()
        }
        #expect(table.finding(id)?.samples.count == 64)
        #expect(table.finding(id)?.detailed == 1_006)
        #expect(table.finding(id)?.samples.reduce(0) { $0 + $1.count } == 65)
    }
}
