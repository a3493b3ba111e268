// SPDX-License-Identifier: Apache-2.0

/// Turns totals of lost records into what was lost since the last time it was asked.
package struct LossGrowth: Sendable {
    private var before: [Loss.Source: UInt64] = [:]

    package init() {}

    /// One loss for each source whose total grew.
    package mutating func losses(ringFull: UInt64, nested: UInt64) -> [Loss] {
        [(Loss.Source.ringFull, ringFull), (.nested, nested)].compactMap { source, total in
            let known = before[source, default: 0]
            guard total > known else { return nil }
            before[source] = total
            return Loss(source: source, count: total - known, total: total)
        }
    }
}
