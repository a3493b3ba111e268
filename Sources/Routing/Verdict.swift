// SPDX-License-Identifier: Apache-2.0
package import Facts

/// Why the kernel's source check refuses a packet.
package enum Refusal: Hashable, Sendable {
    /// rp_filter: the lookup succeeded, but through another interface, under strict mode.
    case wrongInterface
    /// rp_filter: the reverse lookup failed (nothing found, or a blackhole, unreachable, prohibit or throw ended it).
    case noRoute
    /// rp_filter: routed through another interface and the ingress interface has no IPv4 address.
    case noAddress
    /// The source is one of the namespace's own addresses (or the lookup ended at a route of type local).
    case localSource
    /// The lookup ended at a broadcast, anycast or multicast route, or the source is martian by itself.
    case invalidSource
    /// 127/8 on the wire without route_localnet.
    case localnet
}

/// What the source check decides.
package enum Decision: Hashable, Sendable {
    case accept
    case refuse(Refusal)
    /// The check is never reached: forwarding is off, there is no route to the destination, the group is not joined.
    case notEvaluated(NotEvaluated)
}

/// Why the source check is not reached.
package enum NotEvaluated: String, Hashable, Sendable {
    case forwardingOff = "the destination is not an address of this host and forwarding is off"
    case noRouteToDestination = "there is no route to the destination"
    case badDestination = "the destination address is not valid on this interface"
    case groupNotJoined = "the interface has not joined the multicast group"
}

/// One table lookup's answer and the way there.
package struct LookupResult: Hashable, Sendable {
    /// How the lookup ended.
    package enum End: Hashable, Sendable {
        /// A route; it may be of type local or broadcast.
        case found(Route)
        /// A blackhole, unreachable or prohibit route; or a throw route after which no other rule found anything.
        case refusedByRoute(Route)
        /// A blackhole, unreachable or prohibit rule.
        case refusedByRule
        /// No rule's table has a usable route.
        case nothing
    }

    package var end: End
    /// The rule whose action decided; nil when nothing did.
    package var rule: Rule?
    /// Tables consulted, in order, without repeats.
    package var tables: ConsultedTables

    package init(end: End, rule: Rule? = nil, tables: ConsultedTables = []) {
        self.end = end
        self.rule = rule
        self.tables = tables
    }

    package var route: Route? {
        switch end {
        case .found(let route), .refusedByRoute(let route): route
        case .refusedByRule, .nothing: nil
        }
    }
}

/// The source check's decision with everything that led to it.
package struct Verdict: Hashable, Sendable {
    package var decision: Decision
    /// The effective (larger) rp_filter value that was used; 0 under an IPsec exemption.
    package var mode: Int32
    /// The reverse lookup; nil when the check was decided without one.
    package var reverse: LookupResult?
    /// The path that decided the arguments of the check.
    package var path: CheckPath
    /// The outgoing interface when forwarding.
    package var outputInterface: UInt32?

    package init(
        decision: Decision, mode: Int32, reverse: LookupResult? = nil, path: CheckPath, outputInterface: UInt32? = nil
    ) {
        self.decision = decision
        self.mode = mode
        self.reverse = reverse
        self.path = path
        self.outputInterface = outputInterface
    }

    package var isAccepted: Bool { decision == .accept }
}

/// Who calls the source check and with which arguments (`net/ipv4/route.c`).
package enum CheckPath: Hashable, Sendable {
    case input
    case forward(outputInterface: UInt32)
    case multicast
    case broadcast
    /// ARP input asks for the sender's address.
    case arp
}
