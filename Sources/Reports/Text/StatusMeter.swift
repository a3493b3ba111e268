// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts

/// Makes the status line of the counts read every now and then: their sum, and what each grew by.
package struct StatusMeter: Sendable {
    private var before: [DropKey: UInt64] = [:]
    private var elapsedBefore: UInt64 = 0

    package init() {}

    /// - `counters`: the counts now, of what is watched.
    /// - `gone`: the last counts of namespaces that are gone.
    /// - `elapsed`: nanoseconds since the start.
    package mutating func status(
        _ counters: [DropKey: DropCounters], gone: [DropKey: DropCounters], elapsed: UInt64,
        namespace: (DropKey) -> NamespaceIdentity
    ) -> StatusLine {
        var status = StatusLine(elapsed: elapsed, drops: 0)
        var now: [DropKey: UInt64] = [:]
        let interval = max(elapsed - min(elapsed, elapsedBefore), 1)
        for (key, counts) in counters where key.outcome == .reversePathFilter {
            status.drops += counts.shown
            status.lost += counts.lostRing
            now[key] = counts.shown
            let growth = counts.shown - min(counts.shown, before[key] ?? 0)
            guard growth > 0 else { continue }
            let identity = namespace(key)
            status.rates.append(
                StatusLine.Rate(
                    namespace: identity.isOwn ? nil : Names.label(identity), interface: counts.interfaceName,
                    perSecond: UInt64((Double(growth) * 1e9 / Double(interval)).rounded(.up))))
        }
        for (key, counts) in gone where key.outcome == .reversePathFilter {
            status.drops += counts.shown
            status.lost += counts.lostRing
        }
        // Keys of namespaces that are gone are forgotten.
        before = now
        elapsedBefore = elapsed
        return status
    }
}
