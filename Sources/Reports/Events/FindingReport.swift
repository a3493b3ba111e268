// SPDX-License-Identifier: Apache-2.0
package import Attribution
package import Drops
package import Facts
package import Fixes
package import Packets
package import Settings

/// One distinct problem and what to do about it: the payload of `rpf-finding`.
///
/// It holds all that the text report says about the finding, so that a recording gives the same report elsewhere.
package struct FindingReport: Hashable, Sendable, Identifiable {
    package var id: String
    package var attributed: Bool
    package var cause: Cause?
    package var factors: [Factor]
    package var certainty: Certainty
    package var inferredFrom: Inference?
    package var path: PacketPath?
    package var namespace: NamespaceIdentity
    package var interface: InterfaceName
    package var interfaceIndex: UInt32
    /// The packets are IPv6.
    package var isIPv6: Bool
    /// rtnl_link_ops kind; nil for hardware.
    package var interfaceKind: String?
    package var interfaceHasAddress: Bool?
    /// Name of the VRF that the interface is a member of.
    package var vrf: InterfaceName?
    /// The mark of the packets; nil when they differ.
    package var mark: UInt32?
    package var sysctls: SysctlValues?
    /// Who set the values of rp_filter; nil when that cannot be told.
    package var owners: SettingOwners?
    package var reverse: ReverseRoute?
    /// The kernel's name for the drop reason.
    package var dropReason: String?
    /// The packet filter rule that is the likely dropper.
    package var filterRule: FilterRule?
    /// Heaviest first, at most `addressLimit`.
    package var sources: [Finding.Source]
    /// Heaviest first, at most `addressLimit`.
    package var destinations: [Destination]
    /// One of the packets.
    package var example: Example?
    /// Exact, from the kernel's counters.
    package var drops: UInt64
    /// Drops whose detail was received.
    package var detailed: UInt64
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var fix: Fix
    package var alternatives: [Fix]
    package var rejected: [RejectedRecipe]
    /// What would have to be otherwise for the packets to pass, each by itself: sentence ends, to follow "if".
    package var passesIf: [String]
    /// The latest changes of sysctls that had a part in the drops, oldest first, at most `changeLimit`.
    package var changedValues: [ChangedValue]
    /// What tells whether the sources are real; nil when no detail was received.
    package var spoofing: SpoofingEvidence?

    /// A sysctl that changed while tracing.
    package struct ChangedValue: Hashable, Sendable {
        /// `net.ipv4.conf.eth0.rp_filter`; holds a name that others chose.
        package var setting: String
        /// Nil when it is not known.
        package var before: Int32?
        package var after: Int32
        package var time: WallTime
        package var writer: SettingWriter?

        package init(setting: String, before: Int32?, after: Int32, time: WallTime, writer: SettingWriter? = nil) {
            self.setting = setting
            self.before = before
            self.after = after
            self.time = time
            self.writer = writer
        }
    }

    /// What an inferred cause rests on.
    package struct Inference: Hashable, Sendable {
        package var snapshotTime: WallTime
        /// A route, rule, address or link changed between the drop and the snapshot.
        package var raced: Bool

        package init(snapshotTime: WallTime, raced: Bool) {
            self.snapshotTime = snapshotTime
            self.raced = raced
        }
    }

    /// Where dropped packets wanted to go. By address alone: a finding does not keep packets apart by their ports.
    package struct Destination: Hashable, Sendable {
        package var address: IPAddress
        package var drops: UInt64

        package init(address: IPAddress, drops: UInt64) {
            self.address = address
            self.drops = drops
        }
    }

    /// Addresses and ports of one packet.
    package struct Example: Hashable, Sendable {
        package var source: IPAddress
        package var sourcePort: UInt16?
        package var destination: IPAddress
        package var destinationPort: UInt16?
        package var transport: IPProtocol

        package init(
            source: IPAddress, sourcePort: UInt16?, destination: IPAddress, destinationPort: UInt16?,
            transport: IPProtocol
        ) {
            self.source = source
            self.sourcePort = sourcePort
            self.destination = destination
            self.destinationPort = destinationPort
            self.transport = transport
        }

        package init(_ packet: Packet) {
            self.init(
                source: packet.sourceAddress, sourcePort: packet.sourcePort, destination: packet.destinationAddress,
                destinationPort: packet.destinationPort, transport: packet.transport)
        }
    }

    package init(
        id: String, attributed: Bool, cause: Cause?, factors: [Factor] = [], certainty: Certainty,
        inferredFrom: Inference? = nil, path: PacketPath? = nil, namespace: NamespaceIdentity,
        interface: InterfaceName, interfaceIndex: UInt32, interfaceKind: String? = nil,
        interfaceHasAddress: Bool? = nil, vrf: InterfaceName? = nil, mark: UInt32? = nil,
        sysctls: SysctlValues? = nil, owners: SettingOwners? = nil, reverse: ReverseRoute? = nil,
        dropReason: String? = nil,
        filterRule: FilterRule? = nil, sources: [Finding.Source] = [], destinations: [Destination] = [],
        example: Example? = nil, drops: UInt64, detailed: UInt64, firstSeen: WallTime, lastSeen: WallTime, fix: Fix,
        alternatives: [Fix] = [], rejected: [RejectedRecipe] = [], passesIf: [String] = [], isIPv6: Bool = false,
        changedValues: [ChangedValue] = [], spoofing: SpoofingEvidence? = nil
    ) {
        self.id = id
        self.attributed = attributed
        self.cause = cause
        self.factors = factors
        self.certainty = certainty
        self.inferredFrom = inferredFrom
        self.path = path
        self.namespace = namespace
        self.interface = interface
        self.interfaceIndex = interfaceIndex
        self.interfaceKind = interfaceKind
        self.interfaceHasAddress = interfaceHasAddress
        self.vrf = vrf
        self.mark = mark
        self.sysctls = sysctls
        self.owners = owners
        self.reverse = reverse
        self.dropReason = dropReason
        self.filterRule = filterRule
        self.sources = Array(sources.prefix(Self.addressLimit))
        self.destinations = Array(destinations.prefix(Self.addressLimit))
        self.example = example
        self.drops = drops
        self.detailed = detailed
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.fix = fix
        self.alternatives = alternatives
        self.rejected = rejected
        self.passesIf = passesIf
        self.isIPv6 = isIPv6
        self.changedValues = changedValues.suffix(Self.changeLimit)
        self.spoofing = spoofing
    }
}

extension FindingReport {
    /// Source prefixes, and destinations, that a report keeps.
    package static let addressLimit = 16
    package static let changeLimit = 8

    /// A finding and the advice about it as they are reported. `ownership`: of the namespace that dropped, as it is now.
    /// `connected`: with how many of the addresses in its evidence the host has a TCP connection, if it was asked.
    package init(
        _ finding: Finding, advice: Advice, clock: ClockOffset, vrf: InterfaceName? = nil, ownership: Ownership? = nil,
        changedValues: [SettingChange] = [], connected: Int? = nil
    ) {
        let attribution = finding.attribution
        let latest = finding.samples.max { $0.drop.time < $1.drop.time }?.drop
        let marks = Set(finding.samples.map(\.drop.packet.mark))
        self.init(
            id: finding.id, attributed: attribution.attributed, cause: attribution.cause, factors: attribution.factors,
            certainty: attribution.certainty,
            inferredFrom: attribution.inferredFrom.map {
                Inference(snapshotTime: clock.wall($0.snapshotTime), raced: $0.raced)
            },
            path: attribution.path, namespace: finding.namespace, interface: finding.interface,
            interfaceIndex: finding.interfaceIndex, interfaceKind: latest?.interfaceKind,
            interfaceHasAddress: latest?.key.interfaceHasAddress, vrf: vrf,
            mark: marks.count == 1 ? marks.first : nil, sysctls: finding.sysctls.map(SysctlValues.init),
            owners: ownership.flatMap { SettingOwners($0, interface: finding.interfaceIndex) },
            reverse: attribution.reverse, dropReason: latest?.reasonName, filterRule: attribution.filterRule,
            sources: finding.sources, destinations: Self.destinations(of: finding.samples),
            example: finding.samples.max { $0.count < $1.count }.map { Example($0.drop.packet) }, drops: finding.drops,
            detailed: finding.detailed, firstSeen: clock.wall(finding.firstSeen),
            lastSeen: clock.wall(finding.lastSeen), fix: advice.fix, alternatives: advice.alternatives,
            rejected: advice.rejected,
            passesIf: advice.singleFacts.map { Sentences.condition($0, interface: finding.interface) },
            isIPv6: finding.isIPv6,
            changedValues: changedValues.map { change in
                ChangedValue(
                    setting: change.setting.name, before: change.before, after: change.after,
                    time: clock.wall(change.time), writer: change.writer)
            },
            spoofing: finding.evidence.map { SpoofingEvidence($0, connected: connected) })
    }

    private static func destinations(of samples: [Finding.Sample]) -> [Destination] {
        var counts: [IPAddress: UInt64] = [:]
        for sample in samples { counts[sample.drop.packet.destinationAddress, default: 0] += sample.count }
        return counts.map { Destination(address: $0, drops: $1) }.sorted()
    }
}

extension FindingReport.Destination: Comparable {
    /// Heaviest first. Ties are broken, so that the same finding reads the same in every report.
    package static func < (left: Self, right: Self) -> Bool {
        (right.drops, left.address) < (left.drops, right.address)
    }
}
