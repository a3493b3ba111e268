// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets
package import Settings

/// What this kernel and these privileges allow, and what every interface does now: the answer of `rpfwatch doctor`.
package struct DoctorReport: Hashable, Sendable {
    package var origin: Origin
    package var kernelRelease: String
    package var architecture: String
    package var libbpfVersion: String?
    /// Nil when the kernel's types can be read; else why not, in one sentence.
    package var btfProblem: String?
    /// False where the kernel gives no drop reasons (before 5.17).
    package var hasDropReasons: Bool?
    /// Whether it can be seen which process writes a sysctl; nil when no tier could be tried.
    package var seesWriters: Bool?
    /// What is not seen of it, in one sentence; nil when all of it is.
    package var writesProblem: String?
    package var missingPrivileges: [MissingPrivilege]
    /// In order of preference.
    package var tiers: [TierStatus]
    /// The first usable tier; nil when none is.
    package var chosenTier: String?
    /// Of the chosen tier: one sentence each.
    package var blindSpots: [String]
    /// The own namespace first.
    package var namespaces: [NamespaceModes]

    /// Whether a hook tier can be used here.
    package struct TierStatus: Hashable, Sendable {
        package var tier: String
        /// Nil when it is usable; else the reason, in one sentence.
        package var refusal: String?
        /// What it cannot see here, one sentence each; empty when it is not usable.
        package var blindSpots: [String]

        package init(tier: String, refusal: String?, blindSpots: [String] = []) {
            self.tier = tier
            self.refusal = refusal
            self.blindSpots = blindSpots
        }
    }

    /// The rp_filter modes of a network namespace.
    package struct NamespaceModes: Hashable, Sendable {
        package var namespace: NamespaceIdentity
        /// Why nothing could be read, in one sentence; nil when it could.
        package var problem: String?
        /// `net.ipv4.conf.all.rp_filter`.
        package var all: Int32?
        /// Who set it; nil when that cannot be told.
        package var allOwner: Owner?
        /// `net.ipv4.conf.default.rp_filter`, which new interfaces start with.
        package var `default`: Int32?
        package var defaultOwner: Owner?
        /// Who applies the configuration files of this host; nil outside the initial namespace.
        package var reader: String?
        package var interfaces: [InterfaceMode]

        package init(
            namespace: NamespaceIdentity, problem: String? = nil, all: Int32? = nil, allOwner: Owner? = nil,
            default: Int32? = nil, defaultOwner: Owner? = nil, reader: String? = nil, interfaces: [InterfaceMode] = []
        ) {
            self.namespace = namespace
            self.problem = problem
            self.all = all
            self.allOwner = allOwner
            self.default = `default`
            self.defaultOwner = defaultOwner
            self.reader = reader
            self.interfaces = interfaces
        }
    }

    package struct InterfaceMode: Hashable, Sendable {
        package var interface: InterfaceName
        package var kind: String?
        /// The interface's own value.
        package var own: Int32
        /// The larger of it and `all`.
        package var effective: Int32
        package var hasAddress: Bool
        /// Who set the interface's own value; nil when that cannot be told.
        package var owner: Owner?

        package init(
            interface: InterfaceName, kind: String?, own: Int32, effective: Int32, hasAddress: Bool,
            owner: Owner? = nil
        ) {
            self.interface = interface
            self.kind = kind
            self.own = own
            self.effective = effective
            self.hasAddress = hasAddress
            self.owner = owner
        }
    }

    package init(
        origin: Origin, kernelRelease: String, architecture: String, libbpfVersion: String? = nil,
        btfProblem: String? = nil, hasDropReasons: Bool? = nil, missingPrivileges: [MissingPrivilege] = [],
        tiers: [TierStatus] = [], chosenTier: String? = nil, blindSpots: [String] = [],
        namespaces: [NamespaceModes] = []
    ) {
        self.origin = origin
        self.kernelRelease = kernelRelease
        self.architecture = architecture
        self.libbpfVersion = libbpfVersion
        self.btfProblem = btfProblem
        self.hasDropReasons = hasDropReasons
        self.missingPrivileges = missingPrivileges
        self.tiers = tiers
        self.chosenTier = chosenTier
        self.blindSpots = blindSpots
        self.namespaces = namespaces
    }
}

extension DoctorReport.NamespaceModes {
    /// From what is known about a namespace.
    package init(_ facts: NetworkFacts) {
        let configuration = facts.configuration
        let ownership = Ownership(facts)
        self.init(
            namespace: facts.namespace, all: configuration.all.rpFilter,
            allOwner: ownership.owner(of: .rpFilter, .all), default: configuration.default.rpFilter,
            defaultOwner: ownership.owner(of: .rpFilter, .default), reader: ownership.tree?.dialect.name,
            interfaces: facts.links.map { link in
                DoctorReport.InterfaceMode(
                    interface: link.name, kind: link.kind, own: configuration.own(link.index).rpFilter,
                    effective: configuration.effective(link.index).rpFilter,
                    hasAddress: !facts.addresses(on: link.index).isEmpty,
                    owner: ownership.owner(of: .rpFilter, .interface(link.index)))
            })
    }
}
