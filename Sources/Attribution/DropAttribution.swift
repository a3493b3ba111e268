// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
package import Packets

/// What the reverse lookup found; `rpf.reverse` of the contract.
package struct ReverseRoute: Hashable, Sendable {
    /// Route type as `ip route` writes it, or `none` when nothing was found.
    package var kind: String
    package var interface: InterfaceName?
    package var interfaceIndex: UInt32?
    package var gateway: IPv4Address?
    package var table: UInt32?
    package var rulePriority: UInt32?
    /// The prefix of the route that answered; part of a finding's identity.
    package var prefix: IPv4Prefix?

    package init(
        kind: String, interface: InterfaceName? = nil, interfaceIndex: UInt32? = nil, gateway: IPv4Address? = nil,
        table: UInt32? = nil, rulePriority: UInt32? = nil, prefix: IPv4Prefix? = nil
    ) {
        self.kind = kind
        self.interface = interface
        self.interfaceIndex = interfaceIndex
        self.gateway = gateway
        self.table = table
        self.rulePriority = rulePriority
        self.prefix = prefix
    }
}

/// The judgement about one drop.
package struct DropAttribution: Hashable, Sendable {
    /// True only when the rp_filter sysctl dropped the packet.
    package var attributed: Bool
    /// Nil: rp_filter dropped it, but which way could not be told.
    package var cause: Cause?
    /// In the contract's order, without repeats.
    package var factors: [Factor]
    package var certainty: Certainty
    /// Set when the cause is inferred.
    package var inferredFrom: InferenceSource?
    package var path: PacketPath?
    package var reverse: ReverseRoute?
    /// The packet filter rule that is the likely dropper, for cause `netfilter`.
    package var filterRule: FilterRule?
    /// Those that could have dropped, where it cannot be told which of several did.
    package var filterSuspects: [FilterRule]

    package init(
        attributed: Bool, cause: Cause?, factors: [Factor] = [], certainty: Certainty,
        inferredFrom: InferenceSource? = nil, path: PacketPath? = nil, reverse: ReverseRoute? = nil,
        filterRule: FilterRule? = nil, filterSuspects: [FilterRule] = []
    ) {
        self.attributed = attributed
        self.cause = cause
        self.factors = factors
        self.certainty = certainty
        self.inferredFrom = inferredFrom
        self.path = path
        self.reverse = reverse
        self.filterRule = filterRule
        self.filterSuspects = filterSuspects
    }
}
