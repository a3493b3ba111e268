// SPDX-License-Identifier: Apache-2.0
/// What can be seen of drops in a tier on this kernel, told by what the kernel's own types (BTF) contain and by the tier,
/// never by a version. It shares no code with the program under test, whose `blind` list has to say the same.
package struct Sight: Sendable {
    /// `rpf.trace.tier` of the `start` event.
    package let tier: String
    /// The kernel gives a reason with a drop.
    package let hasDropReasons: Bool
    /// It has reasons of their own for sources that are refused whatever rp_filter says.
    package let hasSourceReasons: Bool

    package init(tier: String, hasDropReasons: Bool = Self.kernel.0, hasSourceReasons: Bool = Self.kernel.1) {
        self.tier = tier
        self.hasDropReasons = hasDropReasons
        self.hasSourceReasons = hasSourceReasons
    }

    /// Words of the sentence in the `blind` list that names a blind spot.
    package enum BlindSpot: String, Sendable, CaseIterable {
        case arp = "ARP"
        case sourceRefusals = "drop reason of their own"
        case netfilter = "netfilter drops cannot be seen"
        /// Nothing is missing for it: whether a packet was to be forwarded is found out otherwise.
        case direction = "told apart by the destination address alone"
        case skippedProbes = "whose probe the kernel skips"
    }

    /// The blind spots that the `start` event has to name.
    package var blindSpots: [BlindSpot] {
        BlindSpot.allCases.filter {
            switch $0 {
            case .arp: tier == "tracepoint"
            case .sourceRefusals: !hasSourceReasons
            case .netfilter: !hasDropReasons
            case .direction: tier == "tracepoint"
            case .skippedProbes: tier == "kprobe"
            }
        }
    }

    /// What has to be said here about a drop that is fully seen elsewhere, of packets with these sources.
    package func view(of drop: ExpectedDrop, sources: [UInt32]) -> View {
        switch drop.cause {
        case "netfilter" where !hasDropReasons: return .blind(.netfilter)
        case "local_source", "invalid_source", "localnet":
            if hasSourceReasons { return .seen(drop) }
            // Refused by their address alone, before the source check is asked.
            if tier == "tracepoint" || sources.allSatisfy(Self.isMartianByItself) { return .blind(.sourceRefusals) }
            var inferred = drop
            inferred.certainty = "inferred"
            return .seen(inferred)
        default:
            return drop.isInBridge && tier == "tracepoint" && !hasSourceReasons ? .blind(.sourceRefusals) : .seen(drop)
        }
    }

    package enum View: Sendable {
        case seen(ExpectedDrop)
        /// Nothing is reported, and the `start` event says why.
        case blind(BlindSpot)
    }

    /// What is wrong with the `blind` list of a `start` event.
    package func problems(ofStart start: JSONValue?) -> [String] {
        let spots = start?["rpf.trace.blind"]?.array?.compactMap(\.string) ?? []
        let unknown = spots.filter { spot in !BlindSpot.allCases.contains { spot.contains($0.rawValue) } }
        let misnamed: [String] = BlindSpot.allCases.compactMap { spot in
            let isNamed = spots.contains { $0.contains(spot.rawValue) }
            let isBlind = blindSpots.contains(spot)
            guard isNamed != isBlind else { return nil }
            return "tier \(tier) is \(isBlind ? "" : "not ")blind for “\(spot.rawValue)” here, and start says \(spots)"
        }
        return misnamed + unknown.map { "start names a blind spot that is not known here: \($0)" }
    }

    private static func isMartianByItself(_ source: UInt32) -> Bool {
        source >> 24 == 0 || source >> 24 == 127 || source >> 28 == 0xE || source == .max
    }

    /// Whether the kernel has drop reasons, and among them those for refused sources.
    package static let kernel = (
        KernelTypes.have("SKB_DROP_REASON_NOT_SPECIFIED"), KernelTypes.have("SKB_DROP_REASON_IP_LOCAL_SOURCE")
    )
}
