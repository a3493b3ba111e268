// SPDX-License-Identifier: Apache-2.0
import Drops
import Host
import Packets
import Reports

/// The status line of a trace on a terminal: reads the counters each second and shows what they grew by.
struct LiveStatus {
    private var before: [DropKey: UInt64] = [:]
    private let style: Style

    init(style: Style) { self.style = style }

    /// The text that replaces the line.
    mutating func line(
        _ counters: [DropKey: DropCounters], elapsed: UInt64, filter: InterfaceFilter, name: (DropKey) -> String?
    ) -> String {
        var drops: UInt64 = 0
        var lost: UInt64 = 0
        var rates: [StatusLine.Rate] = []
        for (key, counts) in counters where key.outcome == .reversePathFilter && filter.matches(counts.interfaceName) {
            drops += counts.drops
            lost += counts.lostRing
            let growth = counts.drops - min(counts.drops, before[key] ?? 0)
            before[key] = counts.drops
            guard growth > 0 else { continue }
            rates.append(
                StatusLine.Rate(namespace: name(key), interface: counts.interfaceName, perSecond: growth))
        }
        return StatusLine(elapsed: elapsed, drops: drops, lost: lost, rates: rates)
            .render(width: Terminal.columns ?? 80, style: style)
    }
}
