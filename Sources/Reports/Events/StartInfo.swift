// SPDX-License-Identifier: Apache-2.0

/// What a trace is able to see: the payload of `start`.
package struct StartInfo: Hashable, Sendable {
    /// `uname -r`.
    package var kernelRelease: String
    /// `uname -m`.
    package var architecture: String
    package var libbpfVersion: String?
    /// `fexit`, `kprobe` or `tracepoint`.
    package var tier: String
    /// What is attached, as `tp_btf/kfree_skb`.
    package var hooks: [String]
    package var filters: TraceFilters
    /// One sentence each: what this tier on this kernel cannot see.
    package var blindSpots: [String]
    package var missingPrivileges: [MissingPrivilege]

    package init(
        kernelRelease: String, architecture: String, libbpfVersion: String? = nil, tier: String, hooks: [String] = [],
        filters: TraceFilters = .init(), blindSpots: [String] = [], missingPrivileges: [MissingPrivilege] = []
    ) {
        self.kernelRelease = kernelRelease
        self.architecture = architecture
        self.libbpfVersion = libbpfVersion
        self.tier = tier
        self.hooks = hooks
        self.filters = filters
        self.blindSpots = blindSpots
        self.missingPrivileges = missingPrivileges
    }
}

/// Which drops were asked for, as the user wrote it.
package struct TraceFilters: Hashable, Sendable {
    package var interfaces: [String]
    package var namespace: String?
    package var source: String?
    package var destination: String?
    /// A pcap-filter(7) expression.
    package var expression: String?
    package var allDrops: Bool

    package init(
        interfaces: [String] = [], namespace: String? = nil, source: String? = nil, destination: String? = nil,
        expression: String? = nil, allDrops: Bool = false
    ) {
        self.interfaces = interfaces
        self.namespace = namespace
        self.source = source
        self.destination = destination
        self.expression = expression
        self.allDrops = allDrops
    }
}

/// A privilege that the process has not, and what goes without it.
package struct MissingPrivilege: Hashable, Sendable {
    /// `CAP_SYSLOG`, …
    package var capability: String
    /// One sentence.
    package var cost: String

    package init(capability: String, cost: String) {
        self.capability = capability
        self.cost = cost
    }
}
