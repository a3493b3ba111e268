// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
import Packets

/// Groups drops into findings, in bounded memory, with counts that add up to the kernel's.
package struct FindingTable: Sendable {
    private let maximumFindings: Int
    /// Keys of namespaces and interfaces that are gone are given up beyond this number.
    private let maximumKeys: Int
    private var records: [FindingRecord] = []
    private var slots: [FindingIdentity: Int] = [:]
    private var slotsByID: [String: Int] = [:]
    private var keys: [DropKey: KeyShares] = [:]
    private var catchAlls = 0
    private var settlings: UInt64 = 0

    /// Beyond `maximumFindings` distinct problems all others of one cause in one namespace are one finding without
    /// interface (and beyond as many of those, all of one cause), so that no flood of namespaces, interfaces or routes
    /// grows it.
    package init(maximumFindings: Int = 1024) {
        self.maximumFindings = maximumFindings
        maximumKeys = 16 * maximumFindings
    }

    /// Records one drop whose detail was received; returns the finding's id, and whether the finding is new. Drops of
    /// cause `other` are no problem of this tool: they make no finding, so do not hand them in.
    ///
    /// `rulesSelectOnFlow`: samples that differ only in protocol or ports are kept apart (`RoutingModel.rulesSelectOnFlow`).
    package mutating func record(
        _ drop: DropEvent, attribution: DropAttribution, namespace: NamespaceIdentity, rulesSelectOnFlow: Bool = false
    ) -> (id: String, isNew: Bool) {
        let known = records.count
        let slot = slot(
            FindingIdentity(
                attribution, interface: drop.interfaceName, namespace: namespace, isIPv6: drop.packet.isIPv6),
            attribution, namespace, drop.interfaceName, drop.key.interfaceIndex)
        records[slot].record(drop, attribution, distinguishesPorts: rulesSelectOnFlow)
        records[slot].drops += keys[drop.key, default: KeyShares(settling: settlings)].record(slot)
        if settlings == 0 && keys.count > maximumKeys { giveUpKeys { _ in true } }
        return (records[slot].id, records.count > known)
    }

    /// Sets the counts from the kernel's counters (all of them, each time). What was counted under a key but not received
    /// in detail is shared out over the key's findings in proportion to their details. Drops outside the filters belong
    /// to no finding.
    ///
    /// A key of which no detail was received makes a finding of its own with what the key tells; `namespaces` says whose it
    /// is, when no other drop of that namespace did.
    package mutating func settle(
        _ counters: [DropKey: DropCounters], namespaces: (DropKey) -> NamespaceIdentity? = { _ in nil }
    ) {
        settlings += 1
        for (key, counter) in counters where !key.isOverflow { settle(key, counter, namespaces) }
        for (key, counter) in counters where key.isOverflow && counter.drops > 0 {
            // The kernel had no place for their own keys, which their records name all the same.
            for other in keys.keys where other.outcome == key.outcome && !other.isOverflow && counters[other] == nil {
                guard let uncounted = keys.removeValue(forKey: other) else { continue }
                keys[key, default: KeyShares(settling: settlings)].merge(uncounted)
            }
            settle(key, counter, namespaces)
        }
        let current = settlings
        if keys.count > maximumKeys { giveUpKeys { $0.settling < current } }
    }

    /// The last counts of keys that the kernel will not count any more, because their namespace is gone: settles them and
    /// forgets the keys. Hand in their records first.
    package mutating func retire(
        _ counters: [DropKey: DropCounters], namespaces: (DropKey) -> NamespaceIdentity? = { _ in nil }
    ) {
        for (key, counter) in counters {
            settle(key, counter, namespaces)
            if let shares = keys.removeValue(forKey: key) { giveUp(shares) }
        }
    }

    /// Those of rp_filter first, then the look-alikes, each the heaviest first.
    package var findings: [Finding] {
        records.filter { $0.settledForGood + $0.drops > 0 }.map(\.finding).sorted { left, right in
            if left.attribution.attributed != right.attribution.attributed { return left.attribution.attributed }
            return (right.drops, left.id) < (left.drops, right.id)
        }
    }

    package func finding(_ id: String) -> Finding? { slotsByID[id].map { records[$0].finding } }

    // MARK: Finding the finding

    private mutating func slot(
        _ identity: FindingIdentity, _ attribution: DropAttribution, _ namespace: NamespaceIdentity,
        _ interface: InterfaceName, _ index: UInt32
    ) -> Int {
        if let slot = slots[identity] { return slot }
        if records.count - catchAlls < maximumFindings {
            return add(
                identity,
                FindingRecord(
                    id: identity.id, namespace: namespace, interface: interface, interfaceIndex: index,
                    attribution: attribution, isIPv6: identity.isIPv6))
        }
        let inNamespace = FindingIdentity(allOf: attribution.cause, namespace: namespace)
        if let slot = slots[inNamespace] { return slot }
        if catchAlls < maximumFindings { return addCatchAll(inNamespace, attribution, namespace) }
        let anywhere = FindingIdentity(allOf: attribution.cause, namespace: nil)
        return slots[anywhere] ?? addCatchAll(anywhere, attribution, NamespaceIdentity(inode: 0))
    }

    private mutating func addCatchAll(
        _ identity: FindingIdentity, _ attribution: DropAttribution, _ namespace: NamespaceIdentity
    ) -> Int {
        catchAlls += 1
        return add(
            identity,
            FindingRecord(
                id: identity.id, namespace: namespace, interface: identity.interface, interfaceIndex: 0,
                attribution: DropAttribution(
                    attributed: attribution.attributed, cause: attribution.cause, certainty: attribution.certainty),
                isCatchAll: true))
    }

    private mutating func add(_ identity: FindingIdentity, _ record: FindingRecord) -> Int {
        let slot = records.count
        records.append(record)
        slots[identity] = slot
        if slotsByID[record.id] == nil { slotsByID[record.id] = slot }
        return slot
    }

    // MARK: Keys

    private mutating func settle(
        _ key: DropKey, _ counter: DropCounters, _ namespaces: (DropKey) -> NamespaceIdentity?
    ) {
        let total = counter.shown
        if keys[key] == nil {
            guard total > 0 else { return }
            addWithoutDetail(key, counter, namespaces(key))
        }
        guard var shares = keys.removeValue(forKey: key) else { return }
        for share in shares.shares { records[share.slot].drops -= share.drops }
        shares.settle(total)
        shares.settling = settlings
        for share in shares.shares { records[share.slot].drops += share.drops }
        if shares.shares.count == 1, let only = shares.shares.first {
            records[only.slot].saw(from: counter.firstTime, to: counter.lastTime)
        }
        keys[key] = shares
    }

    private mutating func addWithoutDetail(_ key: DropKey, _ counter: DropCounters, _ given: NamespaceIdentity?) {
        let known =
            given ?? records.first { $0.namespace.cookie == key.namespaceCookie && key.namespaceCookie != 0 }?.namespace
        guard let attribution = Self.attribution(of: key, in: known) else { return }
        let namespace = known ?? NamespaceIdentity(inode: key.namespaceInode, cookie: key.namespaceCookie)
        let interface = key.isOverflow ? InterfaceName("") : counter.interfaceName
        let slot = slot(
            FindingIdentity(attribution, interface: interface, namespace: namespace, isIPv6: key.isIPv6), attribution,
            namespace, interface, key.isOverflow ? 0 : key.interfaceIndex)
        var shares = KeyShares(settling: settlings)
        shares.addWithoutDetail(slot)
        keys[key] = shares
        records[slot].saw(from: counter.firstTime, to: counter.lastTime)
    }

    /// What a key tells by itself; nil for those that make no finding without detail.
    private static func attribution(of key: DropKey, in namespace: NamespaceIdentity?) -> DropAttribution? {
        let cause: Cause?
        switch key.outcome {
        case .reversePathFilter: cause = nil
        case .localSource: cause = .localSource
        case .invalidSource: cause = .invalidSource
        case .localnet: cause = .localnet
        case .netfilter: cause = .netfilter
        case .martian, .other: return nil
        }
        var factors: [Factor] = []
        let isUnnumbered = !key.interfaceHasAddress && !key.isOverflow
        if isUnnumbered && key.outcome != .netfilter { factors.append(.unnumberedInterface) }
        if namespace?.isOwn == false { factors.append(.otherNetns) }
        let basis: Basis = key.reason != 0 ? .observed : .inferred
        return DropAttribution(
            attributed: key.outcome == .reversePathFilter, cause: cause, factors: factors,
            certainty: Certainty(attributed: basis, cause: cause == nil ? .inferred : basis), path: key.path)
    }

    /// Forgets keys that the kernel no longer counts, for the case that nobody retires them: their shares are final.
    private mutating func giveUpKeys(_ isGone: (KeyShares) -> Bool) {
        for (key, shares) in keys where isGone(shares) {
            giveUp(shares)
            keys[key] = nil
        }
    }

    private mutating func giveUp(_ shares: KeyShares) {
        for share in shares.shares {
            records[share.slot].drops -= share.drops
            records[share.slot].settledForGood += share.drops
        }
    }
}

extension DropKey {
    fileprivate var isOverflow: Bool { interfaceIndex == Self.overflowInterface }
}
