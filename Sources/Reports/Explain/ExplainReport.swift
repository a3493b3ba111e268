// SPDX-License-Identifier: Apache-2.0
package import Attribution
package import Drops
package import Facts
package import Packets

/// What the kernel's source check would say to a packet that nobody sent: the answer of `rpfwatch explain` for one
/// interface.
package struct ExplainReport: Hashable, Sendable {
    /// The words of `rpf.explain.verdict`.
    package enum Verdict: Hashable, Sendable {
        case accept
        /// By rp_filter.
        case drop
        /// By another check of the source.
        case refuse
        /// The check is never reached; the reason is a clause.
        case notEvaluated(String)

        package var word: String {
            switch self {
            case .accept: "accept"
            case .drop: "drop"
            case .refuse: "refuse"
            case .notEvaluated: "not_evaluated"
            }
        }
    }

    /// What the kernel itself answered to the same question (RTM_GETROUTE with an input interface).
    package struct Opinion: Hashable, Sendable {
        /// What it said, as a clause to follow "the kernel".
        package var answer: String
        /// Nil when the answer does not tell.
        package var agrees: Bool?

        package init(answer: String, agrees: Bool?) {
            self.answer = answer
            self.agrees = agrees
        }
    }

    package var origin: Origin
    package var namespace: NamespaceIdentity
    package var packet: Packet
    package var isARP: Bool
    package var interface: InterfaceName
    package var interfaceIndex: UInt32
    package var hasAddress: Bool
    package var verdict: Verdict
    package var path: PacketPath?
    package var sysctls: SysctlValues
    /// Where the destination leads; nil when it is not looked up.
    package var forward: ReverseRoute?
    /// What the reverse lookup finds; nil when the check is decided without one.
    package var reverse: ReverseRoute?
    /// Tables that the reverse lookup consulted, in order.
    package var tables: [UInt32]
    /// Nil when it was not asked.
    package var opinion: Opinion?
    /// What is not known and could change the answer: sentences.
    package var unknown: [String]
    /// The refusal with its fix; nil when the packet is not refused.
    package var finding: FindingReport?

    package init(
        origin: Origin, namespace: NamespaceIdentity, packet: Packet, isARP: Bool, interface: InterfaceName,
        interfaceIndex: UInt32, hasAddress: Bool, verdict: Verdict, path: PacketPath?, sysctls: SysctlValues,
        forward: ReverseRoute?, reverse: ReverseRoute?, tables: [UInt32], opinion: Opinion?, unknown: [String],
        finding: FindingReport?
    ) {
        self.origin = origin
        self.namespace = namespace
        self.packet = packet
        self.isARP = isARP
        self.interface = interface
        self.interfaceIndex = interfaceIndex
        self.hasAddress = hasAddress
        self.verdict = verdict
        self.path = path
        self.sysctls = sysctls
        self.forward = forward
        self.reverse = reverse
        self.tables = tables
        self.opinion = opinion
        self.unknown = unknown
        self.finding = finding
    }
}
