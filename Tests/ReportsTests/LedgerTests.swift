// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Reports
import Testing

@Suite struct LedgerTests {
    private func key(
        _ namespace: UInt32, _ outcome: DropOutcome = .reversePathFilter, path: PacketPath? = nil,
        interface: UInt32 = 2, inBridge: Bool = false
    ) -> DropKey {
        DropKey(
            namespaceCookie: UInt64(namespace), namespaceInode: namespace, interfaceIndex: interface,
            reason: outcome == .reversePathFilter ? 16 : 77, outcome: outcome, path: path, interfaceHasAddress: true,
            isInBridge: inBridge)
    }

    private func reading(_ time: UInt64, _ counters: [UInt32: UInt64], growth: UInt64 = 0) -> CounterReading {
        CounterReading(time: time, reversePathFilter: counters, growth: growth, watched: counters.count)
    }

    @Test func theKernelsCountIsBoundedByTheReadingsAroundTheWindow() {
        var ledger = Ledger(hasDropReasons: true)
        ledger.open(before: reading(10, [1: 5]), after: reading(20, [1: 7], growth: 2))
        #expect(ledger.start == 20)
        let counters = [
            key(1): DropCounters(drops: 4, emitted: 4), key(1, path: .arp): DropCounters(drops: 3, emitted: 3),
            key(1, inBridge: true): DropCounters(drops: 2, emitted: 2), key(1, .localSource): DropCounters(drops: 9),
        ]
        let totals = ledger.totals(
            counters, before: reading(30, [1: 10], growth: 5), after: reading(40, [1: 12], growth: 7)
        ) { _ in "IP_LOCAL_SOURCE" }
        #expect(totals.drops == 9)
        #expect(totals.otherDrops == 9)
        #expect(totals.otherReasons == [ReasonCount(reason: "IP_LOCAL_SOURCE", drops: 9)])
        // ARP refusals and those on a bridge are no part of the kernel's counter.
        #expect(totals.kernel.counted == 4)
        #expect(totals.kernel.min == 3 && totals.kernel.max == 7)
        #expect(totals.kernel.unexplained == 0)
    }

    @Test func theCountsOfGoneNamespacesStayAndTakeNoRoom() {
        var ledger = Ledger(hasDropReasons: false)
        ledger.open(before: reading(1, [1: 0, 2: 0]), after: reading(2, [1: 0, 2: 0]))
        for interface in UInt32(1)...500 {
            ledger.keep([key(2, interface: interface): DropCounters(drops: 2, emitted: 2)])
        }
        #expect(ledger.gone.count == 1)
        let end = reading(3, [1: 0], growth: 1_000)
        let totals = ledger.totals([key(1): DropCounters(drops: 1, emitted: 1)], before: end, after: end) { _ in nil }
        #expect(totals.drops == 1_001)
        #expect(totals.kernel.counted == 1_001)
        #expect(totals.otherDrops == nil)
    }

    @Test func aNamespaceWhoseCounterWasNeverReadIsNotReconciled() {
        var ledger = Ledger(hasDropReasons: true)
        ledger.open(before: reading(1, [1: 0]), after: reading(2, [1: 0]))
        let end = reading(3, [1: 4], growth: 4)
        let counters = [key(1): DropCounters(drops: 4, emitted: 4), key(7): DropCounters(drops: 6, emitted: 6)]
        let totals = ledger.totals(counters, before: end, after: end) { _ in nil }
        #expect(totals.drops == 10)
        #expect(totals.kernel.counted == 4 && totals.kernel.unexplained == 0)
        #expect(totals.kernel.netnsWatched == 1 && totals.kernel.netnsUnreadable == 1)
    }

    @Test func aGoneNamespaceWhoseCounterWasNeverReadIsNotReconciledEither() {
        var ledger = Ledger(hasDropReasons: true)
        ledger.open(before: reading(1, [1: 0]), after: reading(2, [1: 0]))
        ledger.keep([key(7): DropCounters(drops: 6, emitted: 6)])
        let end = reading(3, [1: 0])
        let totals = ledger.totals([:], before: end, after: end) { _ in nil }
        #expect(totals.drops == 6)
        #expect(totals.kernel.counted == 0 && totals.kernel.unexplained == 0)
        #expect(totals.kernel.netnsUnreadable == 1)
    }

    @Test func aNamespaceThatCameAndWentBetweenTwoTotalsIsReconciled() {
        var ledger = Ledger(hasDropReasons: true)
        ledger.open(before: reading(1, [1: 0]), after: reading(2, [1: 0]))
        ledger.keep([key(7): DropCounters(drops: 6, emitted: 6)], read: [7])
        let end = reading(3, [1: 0], growth: 6)
        let totals = ledger.totals([:], before: end, after: end) { _ in nil }
        #expect(totals.kernel.counted == 6 && totals.kernel.unexplained == 0)
        #expect(totals.kernel.netnsUnreadable == 0)
    }

    @Test func aLossIsToldByWhatItGrewBy() {
        var growth = LossGrowth()
        let told = [(0, 0), (3, 0), (5, 1), (5, 1)].map { growth.losses(ringFull: $0, nested: $1) }
        #expect(
            told == [
                [], [Loss(source: .ringFull, count: 3, total: 3)],
                [Loss(source: .ringFull, count: 2, total: 5), Loss(source: .nested, count: 1, total: 1)], [],
            ])
    }

    @Test func theStatusSumsEverythingAndTellsWhatGrew() {
        let names = [UInt32(1): NamespaceIdentity(inode: 1, isOwn: true), 2: NamespaceIdentity(inode: 2, name: "blue")]
        func identity(_ key: DropKey) -> NamespaceIdentity {
            names[key.namespaceInode] ?? NamespaceIdentity(inode: key.namespaceInode)
        }
        func counts(_ drops: UInt64, filtered: UInt64 = 0) -> DropCounters {
            DropCounters(drops: drops, filtered: filtered, interfaceName: "eth0")
        }
        var meter = StatusMeter()
        let first = meter.status(
            [key(1): counts(10, filtered: 4), key(2): counts(4), key(1, .localSource): counts(50)], gone: [:],
            elapsed: 2_000_000_000, namespace: identity)
        #expect(first.drops == 10)
        #expect(
            Set(first.rates) == [
                StatusLine.Rate(namespace: nil, interface: "eth0", perSecond: 3),
                StatusLine.Rate(namespace: "blue", interface: "eth0", perSecond: 2),
            ])
        // The second namespace goes; its drops stay.
        let second = meter.status(
            [key(1): counts(11, filtered: 4)], gone: [key(.max): counts(4)], elapsed: 3_000_000_000,
            namespace: identity)
        #expect(second.drops == 11)
        #expect(second.rates == [StatusLine.Rate(namespace: nil, interface: "eth0", perSecond: 1)])
    }
}
