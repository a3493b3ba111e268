// SPDX-License-Identifier: Apache-2.0
package import Drops
import Packets

/// Judgements of drops that look the same to routing, so that a flood is judged once. Valid for one snapshot of the
/// namespace; bounded.
package struct AttributionCache: Sendable {
    private var judged: [DropEvent: DropAttribution] = [:]
    private static let limit = 4096

    package init() {}

    package func attribution(of drop: DropEvent) -> DropAttribution? { judged[Self.key(drop)] }

    package mutating func remember(_ attribution: DropAttribution, of drop: DropEvent) {
        // A raced judgement speaks of its own moment only.
        guard attribution.inferredFrom?.raced != true else { return }
        if judged.count >= Self.limit { judged.removeAll(keepingCapacity: true) }
        judged[Self.key(drop)] = attribution
    }

    /// The drop without what differs from packet to packet and decides nothing.
    private static func key(_ drop: DropEvent) -> DropEvent {
        var key = drop
        key.time = 0
        key.packet.identification = 0
        key.packet.length = 0
        key.packet.timeToLive = 0
        key.packet.gsoSegments = 0
        return key
    }
}
