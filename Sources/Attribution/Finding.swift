// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
package import Packets

/// One distinct problem: all drops with the same namespace, interface, cause, path, factors and reverse prefix.
package struct Finding: Hashable, Sendable, Identifiable {
    /// A source prefix and how many of the drops whose detail was received came from it.
    package struct Source: Hashable, Sendable {
        package var prefix: IPPrefix
        package var drops: UInt64

        package init(prefix: IPPrefix, drops: UInt64) {
            self.prefix = prefix
            self.drops = drops
        }

        package init(prefix: IPv4Prefix, drops: UInt64) { self.init(prefix: .v4(prefix), drops: drops) }
    }

    /// The same over runs: 16 lower-case hexadecimal digits.
    package var id: String
    package var namespace: NamespaceIdentity
    package var interface: InterfaceName
    package var interfaceIndex: UInt32
    /// The packets are IPv6.
    package var isIPv6: Bool
    /// As of the latest drop; whether the source is suspect, as of most of them.
    package var attribution: DropAttribution
    package var sysctls: SysctlsAtDrop?
    /// Exact, from the kernel's counters.
    package var drops: UInt64
    /// Drops whose detail was received.
    package var detailed: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC.
    package var firstSeen: UInt64
    package var lastSeen: UInt64
    /// Heaviest first, bounded.
    package var sources: [Source]
    /// Distinct drops kept to simulate fixes with: bounded, one per distinct set of the fields that routing looks at.
    package var samples: [Sample]
    /// What tells whether the sources are real; nil when no detail was received.
    package var evidence: SourceEvidence?

    /// A kept drop and how many received drops looked the same to routing.
    package struct Sample: Hashable, Sendable {
        package var drop: DropEvent
        package var count: UInt64

        package init(drop: DropEvent, count: UInt64) {
            self.drop = drop
            self.count = count
        }
    }

    package init(
        id: String, namespace: NamespaceIdentity, interface: InterfaceName, interfaceIndex: UInt32,
        attribution: DropAttribution, sysctls: SysctlsAtDrop?, drops: UInt64, detailed: UInt64, firstSeen: UInt64,
        lastSeen: UInt64, sources: [Source], samples: [Sample], isIPv6: Bool = false,
        evidence: SourceEvidence? = nil
    ) {
        self.id = id
        self.namespace = namespace
        self.interface = interface
        self.interfaceIndex = interfaceIndex
        self.attribution = attribution
        self.sysctls = sysctls
        self.drops = drops
        self.detailed = detailed
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.sources = sources
        self.samples = samples
        self.isIPv6 = isIPv6
        self.evidence = evidence
    }
}
