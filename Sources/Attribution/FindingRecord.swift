// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets

/// What is kept of one finding while drops come in.
struct FindingRecord: Sendable {
    let id: String
    let namespace: NamespaceIdentity
    let interface: InterfaceName
    let isIPv6: Bool
    var interfaceIndex: UInt32
    var attribution: DropAttribution
    var sysctls: SysctlsAtDrop?
    /// Its share of the kernel's counts, by the keys that are still counted.
    var drops: UInt64 = 0
    /// Its share of keys that were given up.
    var settledForGood: UInt64 = 0
    var detailed: UInt64 = 0
    var firstSeen: UInt64 = 0
    var lastSeen: UInt64 = 0
    private var sources = SourceTally()
    private var samples = SampleSet()

    /// Stands for several problems that could not be kept apart: nothing is said that holds for only some of them.
    let isCatchAll: Bool

    init(
        id: String, namespace: NamespaceIdentity, interface: InterfaceName, interfaceIndex: UInt32,
        attribution: DropAttribution, isIPv6: Bool = false, isCatchAll: Bool = false
    ) {
        self.isIPv6 = isIPv6
        self.id = id
        self.namespace = namespace
        self.interface = interface
        self.interfaceIndex = interfaceIndex
        self.attribution = attribution
        self.isCatchAll = isCatchAll
    }

    mutating func record(_ drop: DropEvent, _ attribution: DropAttribution, distinguishesPorts: Bool) {
        detailed += 1
        sources.record(drop.packet, isSuspect: attribution.factors.contains(.spoofSuspected))
        samples.record(drop, distinguishesPorts: distinguishesPorts)
        saw(from: drop.time, to: drop.time)
        guard !isCatchAll else { return }
        self.attribution = attribution
        sysctls = drop.sysctls
        interfaceIndex = drop.key.interfaceIndex
    }

    /// Widens the time that the finding was seen in; 0 is no time.
    mutating func saw(from first: UInt64, to last: UInt64) {
        if first != 0 && (firstSeen == 0 || first < firstSeen) { firstSeen = first }
        lastSeen = max(lastSeen, last)
    }

    var finding: Finding {
        Finding(
            id: id, namespace: namespace, interface: interface, interfaceIndex: interfaceIndex,
            attribution: judgement,
            sysctls: sysctls, drops: settledForGood + drops, detailed: detailed, firstSeen: firstSeen,
            lastSeen: lastSeen,
            sources: sources.prefixes(limit: Self.sourceLimit), samples: samples.samples, isIPv6: isIPv6,
            evidence: sources.evidence)
    }

    /// The latest drop's, but for what may differ from drop to drop: that holds when it does for most of them.
    private var judgement: DropAttribution {
        guard !isCatchAll, detailed > 0 else { return attribution }
        var judgement = attribution
        judgement.factors.removeAll { $0 == .spoofSuspected }
        if sources.isMostlySuspect { judgement.factors = (judgement.factors + [.spoofSuspected]).sorted() }
        return judgement
    }

    private static let sourceLimit = 10
}
