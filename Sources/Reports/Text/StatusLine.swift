// SPDX-License-Identifier: Apache-2.0
import Facts
package import Packets

/// The live status of a trace on a terminal, rewritten in place: `12 s  1,204 drops  eth0 340/s  Ctrl-C: report`.
package struct StatusLine: Hashable, Sendable {
    /// An interface that drops now.
    package struct Rate: Hashable, Sendable {
        package var namespace: String?
        package var interface: InterfaceName
        /// Drops by rp_filter in the last second.
        package var perSecond: UInt64

        /// `namespace` is left out for rpfwatch's own.
        package init(namespace: String?, interface: InterfaceName, perSecond: UInt64) {
            self.namespace = namespace
            self.interface = interface
            self.perSecond = perSecond
        }
    }

    /// Nanoseconds since the start.
    package var elapsed: UInt64
    package var drops: UInt64
    /// Drops whose detail was lost.
    package var lost: UInt64
    package var rates: [Rate]

    package init(elapsed: UInt64, drops: UInt64, lost: UInt64 = 0, rates: [Rate] = []) {
        self.elapsed = elapsed
        self.drops = drops
        self.lost = lost
        self.rates = rates
    }

    /// Goes to the start of the line and wipes it.
    package static let erase = "\r\u{1B}[K"

    /// Replaces the line; `width` is the terminal's. Without a newline, and never so long that it wraps.
    package func render(width: Int, style: Style) -> String {
        let seconds = elapsed / 1_000_000_000
        var parts = ["\(Wording.number(seconds)) s", Wording.count(drops, "rp_filter drop")]
        if lost > 0 { parts.append("\(Wording.number(lost)) without detail") }
        let busiest = rates.sorted {
            ($1.perSecond, $0.namespace ?? "", $0.interface.hex) < ($0.perSecond, $1.namespace ?? "", $1.interface.hex)
        }
        for rate in busiest {
            let place = rate.namespace.map { terminalSafe($0) + "/" } ?? ""
            parts.append("\(place)\(rate.interface.display) \(Wording.number(rate.perSecond))/s")
        }
        let hint = "Ctrl-C: report"
        while parts.count > 2 && (parts + [hint]).joined(separator: "  ").count >= width { parts.removeLast() }
        let text = Wording.clipped((parts + [hint]).joined(separator: "  "), max(0, width - 1))
        return Self.erase + style.faint(text)
    }
}
