// SPDX-License-Identifier: Apache-2.0
import CLab
import Lab

/// An answer of the kernel that the model does not give.
package struct Disagreement: Sendable {
    package let seed: UInt64
    package private(set) var host: DescribedHost
    package private(set) var comparison: Comparison

    init(seed: UInt64, host: DescribedHost, comparison: Comparison) {
        self.seed = seed
        self.host = host
        self.comparison = comparison
    }

    /// The same about the smallest host that can be found: steps are left out as long as the two disagree.
    package func shrunk() throws -> Self {
        try onFreshThread {
            _ = lab_pin(0)
            return shrunkHere()
        }
    }

    private func shrunkHere() -> Self {
        var result = self
        var size = max(1, host.steps.count / 2)
        while true {
            var isSmaller = false
            var start = 0
            while start < result.host.steps.count {
                var steps = result.host.steps
                steps.removeSubrange(start..<min(start + size, steps.count))
                let host = DescribedHost(steps: steps)
                if let comparison = Self.disagreement(about: comparison.question, on: host) {
                    (result.host, result.comparison) = (host, comparison)
                    isSmaller = true
                } else {
                    start += size
                }
            }
            if size == 1 && !isSmaller { return result }
            size = max(1, size / 2)
        }
    }

    /// Commands to paste, and the two answers.
    package var text: String {
        var lines = ["seed \(seed): \(comparison.text)"] + host.shellCommands.map { "    \($0)" }
        if comparison.question.way == .route { lines.append("    \(comparison.question.text)") }
        return lines.joined(separator: "\n")
    }

    private static func disagreement(about question: Question, on host: DescribedHost) -> Comparison? {
        guard let built = try? BuiltHost(host), let comparison = try? built.compare(question, patiently: true) else {
            return nil
        }
        return comparison.agrees ? nil : comparison
    }
}
