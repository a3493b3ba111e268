// SPDX-License-Identifier: Apache-2.0
package import Host

/// What became of a packet on the wire.
package enum WireAnswer: String, Hashable, Sendable {
    case delivered
    case forwarded
    /// TcpExt IPReversePathFilter grew.
    case reversePathFilter = "dropped by rp_filter"
    /// Ip InAddrErrors grew: not for this host, which does not forward.
    case notForHost = "not for this host"
    /// IpExt InNoRoutes grew.
    case noRoute = "no route"
    /// Received, and no other counter grew: a refused source or destination, or a destination that a route refuses.
    case dropped = "dropped without a counter"
    case notReceived = "not received"

    init(from before: PacketCounters.Reading, to after: PacketCounters.Reading) {
        self =
            if after.reversePathFilter > before.reversePathFilter {
                .reversePathFilter
            } else if after.forwarded > before.forwarded {
                .forwarded
            } else if after.addressErrors > before.addressErrors {
                .notForHost
            } else if after.noRoutes > before.noRoutes {
                .noRoute
            } else if after.delivered > before.delivered || after.reassembled > before.reassembled {
                .delivered
            } else {
                .dropped
            }
    }
}

/// The kernel's answer to a question.
package enum KernelAnswer: Hashable, Sendable, CustomStringConvertible {
    case route(ReversePathOracle.Answer)
    case wire(WireAnswer)
    case arp(isAnswered: Bool)

    package var description: String {
        switch self {
        case .route(let answer): "\(answer)"
        case .wire(let answer): answer.rawValue
        case .arp(let isAnswered): isAnswered ? "answered" : "not answered"
        }
    }
}
