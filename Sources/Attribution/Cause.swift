// SPDX-License-Identifier: Apache-2.0

/// What the kernel's check found; the words of `cause` in the contract.
package enum Cause: String, Sendable, CaseIterable {
    case wrongInterface = "wrong_interface"
    case noRoute = "no_route"
    case noAddress = "no_address"
    case localSource = "local_source"
    case invalidSource = "invalid_source"
    case localnet
    case netfilter
    case other

    /// True when the rp_filter sysctl dropped the packet; everything else is a look-alike.
    package var isAttributed: Bool {
        switch self {
        case .wrongInterface, .noRoute, .noAddress: true
        case .localSource, .invalidSource, .localnet, .netfilter, .other: false
        }
    }
}

/// Facts that change the advice, in the contract's order.
package enum Factor: String, Sendable, CaseIterable, Comparable {
    case allOverridesInterface = "all_overrides_interface"
    case unnumberedInterface = "unnumbered_interface"
    case fwmarkIgnored = "fwmark_ignored"
    case fwmarkMisroutes = "fwmark_misroutes"
    case fwmarkHitsLocal = "fwmark_hits_local"
    case dnat
    case decapsulated
    case policyRule = "policy_rule"
    case secondaryTableOnly = "secondary_table_only"
    case lessSpecificRoute = "less_specific_route"
    case worseMetricRoute = "worse_metric_route"
    case sameSubnetInterfaces = "same_subnet_interfaces"
    case blackholeRoute = "blackhole_route"
    case nexthopDown = "nexthop_down"
    case replyPathBroken = "reply_path_broken"
    case vrf
    case otherNetns = "other_netns"
    case valueOverwritten = "value_overwritten"
    case spoofSuspected = "spoof_suspected"

    private static let rank = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })

    package static func < (left: Self, right: Self) -> Bool { rank[left, default: 0] < rank[right, default: 0] }
}

/// How sure a statement is.
package enum Basis: String, Sendable {
    /// A drop reason, a return value, or facts read in the kernel at the drop decide it.
    case observed
    /// Concluded from a snapshot of the namespace taken after the drop.
    case inferred
}

package struct Certainty: Hashable, Sendable {
    package var attributed: Basis
    package var cause: Basis

    package init(attributed: Basis, cause: Basis) {
        self.attributed = attributed
        self.cause = cause
    }
}

/// What an inferred cause rests on.
package struct InferenceSource: Hashable, Sendable {
    /// When the snapshot was complete, nanoseconds of CLOCK_MONOTONIC.
    package var snapshotTime: UInt64
    /// A route, rule, address or link changed between the drop and the snapshot.
    package var raced: Bool

    package init(snapshotTime: UInt64, raced: Bool) {
        self.snapshotTime = snapshotTime
        self.raced = raced
    }
}
