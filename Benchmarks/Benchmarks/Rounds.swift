// SPDX-License-Identifier: Apache-2.0

/// What several rounds of one measurement gave.
struct Rounds {
    private var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var isEmpty: Bool { values.isEmpty }

    var median: Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// `median (min to max)`.
    var summary: String {
        "\(twoDigits(median)) (\(twoDigits(values.min() ?? .nan)) to \(twoDigits(values.max() ?? .nan)))"
    }
}

/// A number with two fraction digits.
func twoDigits(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
