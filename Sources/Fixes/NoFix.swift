// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Routing

extension Situation {
    /// Why nothing should be changed, whatever would work. Nil when a fix is wanted.
    var reasonAgainstFix: String? {
        guard let cause = finding.attribution.cause else { return NoFix.unknownCause }
        switch cause {
        case .invalidSource: return invalidSourceReason
        case .localnet: return NoFix.localnet
        case .other: return NoFix.other
        case .netfilter, .localSource: return nil
        case .wrongInterface, .noRoute, .noAddress:
            return noiseReason ?? spoofReason ?? (cause == .noRoute ? deliberateReason : nil)
        }
    }

    private var invalidSourceReason: String {
        let kind = reverseRoute.map { "a \($0.kind) address" } ?? "no unicast address"
        let sender = sourceMAC.map { "Look for the sender, \($0)." } ?? "Look for the sender."
        return
            "Not rp_filter: the source \(listing(sources.map(\.description), limit: 3)) is \(kind), which no host may"
            + " send with. \(sender)"
    }

    /// A route or rule that somebody added to refuse these addresses.
    private var deliberateReason: String? {
        guard factors.contains(.blackholeRoute), let reverse = trials.lazy.compactMap(\.verdict.reverse).first else {
            return nil
        }
        switch reverse.end {
        case .refusedByRule:
            return
                "A routing rule refuses the source on purpose (priority \(reverse.rule?.priority ?? 0)): rp_filter only"
                + " carries that out. Remove the rule if it is not wanted."
        case .refusedByRoute(let route):
            // Boot and static are what people and their scripts add; a default route of this type is a fallback.
            guard route.destination.length > 0, route.origin <= 4 else { return nil }
            return
                "The \(route.kind) route to \(route.destination) in table \(tableName(route.table)) refuses the source"
                + " on purpose: rp_filter only carries that out. Remove the route if it is not wanted."
        case .found, .nothing:
            return nil
        }
    }

    /// A broadcast that another interface of the same wire receives and accepts.
    private var noiseReason: String? {
        guard !trials.isEmpty, trials.allSatisfy({ $0.verdict.path == .broadcast }), let other = reverseInterface,
            other.index != ingress.index, isSameWire(other),
            trials.allSatisfy({ baseline.validateSource($0.packet, ingress: other.index, path: .broadcast).isAccepted })
        else { return nil }
        return
            "Broadcast noise: \(other.name.display) is on the same wire, receives the same frames and accepts them, so"
            + " nothing is lost on \(interface)."
    }

    private func isSameWire(_ other: Link) -> Bool {
        if ingress.parent == other.index || other.parent == ingress.index { return true }
        if let parent = ingress.parent, other.parent == parent { return ingress.kind == other.kind }
        return factors.contains(.sameSubnetInterfaces)
    }

    /// Why the ladder of the finding's cause led nowhere.
    var reasonForNoUsableFix: String {
        switch finding.attribution.cause {
        case .netfilter:
            return reasonForNoExemption
        case .localSource: return localSourceReason
        default:
            return "None of the usual changes would make the kernel accept these packets as the namespace is now: trace"
                + " again, as its routes or addresses may have changed since the drops."
        }
    }

    private var localSourceReason: String {
        let owner = sourceOwners.first.flatMap { facts.link($0.interface)?.name.display }
        let address = listing(sources.map(\.description), limit: 3)
        let claim =
            owner.map { "\(address) is this host's own address, on \($0)" } ?? "\(address) is local to this host"
        let sender: String
        if let sourceMAC {
            sender =
                isOwnMAC(sourceMAC)
                ? "The frames are this host's own, sent back to it: look for a loop."
                : "The station \(sourceMAC) sends with it: a forged source, or an address in use twice."
        } else {
            sender = "Find out who else sends with it."
        }
        return "Not rp_filter: \(claim), and the kernel does not accept its own addresses from outside. \(sender)"
    }
}

/// Reasons that need no facts of the host.
enum NoFix {
    static let noModel =
        "The network namespace is gone or could not be read, so no fix can be worked out or tried."
    static let interfaceGone =
        "The interface is gone, or its network namespace was made anew under the same number, so there is nothing to"
        + " fix."
    static let unreachable =
        "No command reaches the network namespace: it has no name under /run/netns, and no process in it is known."
    static let unknownCause =
        "rp_filter dropped these packets, but not in a way that fits what its network namespace looked like afterwards,"
        + " so no fix can be recommended: trace again."
    static let noDetail = "Only the number of these drops is known, not the packets, so no fix could be tried on them."
    static let accepted =
        "Nothing to change: as the namespace is now, the kernel accepts these packets. Something changed since the"
        + " drops, or they depended on what a snapshot does not show; trace again."
    static let localnet =
        "Not rp_filter: a packet with an address of 127.0.0.0/8 came in from outside. Whoever sends it is"
        + " misconfigured, and route_localnet would open this host's loopback services to the network."
    static let other = "Not rp_filter, and not a check that any of its settings changes."
    static let unknownFilterRule =
        "Not the rp_filter sysctl: a packet filter rule dropped these packets, and which one could not be told."
        + " \(filterTrace)"
    static let filterTrace = "`nft monitor trace` with `meta nftrace set 1` on the interface shows it."
}
