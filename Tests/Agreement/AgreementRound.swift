// SPDX-License-Identifier: Apache-2.0
import CLab
import Lab

/// One random host and what the kernel and the model say about packets to it.
///
/// The kernel is its own judge, twice: RTM_GETROUTE with an input interface runs the source check on a packet that never
/// was, and a packet on the wire goes one way or another. The model is read from the host's netlink and has to say the same.
package struct AgreementRound: Sendable {
    package let seed: UInt64
    /// How often the model came to each decision.
    package private(set) var decided: [String: Int] = [:]
    /// How many answers were compared, by the way in which the kernel was asked.
    package private(set) var compared: [Question.Way: Int] = [:]
    /// Each answer of the kernel that the model does not give.
    package private(set) var disagreements: [Disagreement] = []

    /// Words of decisions that some packet has to come to, or the hosts are not random enough.
    package static let ends = [
        "accept", "wrongInterface", "noRoute", "noAddress", "localSource", "invalidSource", "localnet", "forwardingOff",
        "noRouteToDestination",
    ]

    private static let hasVRFs: Bool = {
        guard let namespace = try? Namespace("agree") else { return false }
        return (try? namespace.run(["ip", "link", "add", "v0", "type", "vrf", "table", "10"])) != nil
    }()

    package var comparisons: Int { compared.values.reduce(0, +) }

    package init(seed: UInt64, packets: Int) throws {
        // What a packet sets off in the kernel is done before its sender goes on, as long as both are on one CPU.
        self = try onFreshThread {
            _ = lab_pin(Int32(seed % 2))
            return try Self(pinned: seed, packets)
        }
    }

    private init(pinned seed: UInt64, _ packets: Int) throws {
        self.seed = seed
        let network = RandomNetwork(seed: seed, packets: packets, hasVRFs: Self.hasVRFs)
        let built = try BuiltHost(network.host)
        for question in network.questions {
            guard var comparison = try built.compare(question) else { continue }
            // On a busy machine a silence may only be slow.
            if !comparison.agrees, let again = try built.compare(question, patiently: true) { comparison = again }
            decided[comparison.word, default: 0] += 1
            compared[question.way, default: 0] += 1
            if !comparison.agrees {
                disagreements.append(Disagreement(seed: seed, host: network.host, comparison: comparison))
            }
        }
    }
}
