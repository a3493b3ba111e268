// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How a scenario ended.
package enum ScenarioResult: Sendable {
    case passed
    /// What had to happen happened, and it was asserted that nothing of it can be seen in this tier on this kernel.
    case blind(String)
    /// Something it needs is not on this machine, proven by a probe.
    case skipped(String)
    /// One sentence for each thing that was not as it must be.
    case failed([String])
}

extension Scenario {
    /// Runs it without rpfwatch: proves that topology and packets provoke what they are meant to on this kernel, and
    /// that the remedy written by hand lets the packets in.
    package func runKernelOnly() -> ScenarioResult {
        run { testbed in
            var problems = try sendAndCount(testbed, isAccepted: expectation.isAccepted)
            if let remedy {
                try testbed.apply(remedy)
                problems += try sendAndCount(testbed, isAccepted: true).map { "after the remedy: \($0)" }
            }
            return problems
        }
    }

    /// The same of a body that says what was wrong.
    func run(_ body: (Testbed) throws -> Problems) -> ScenarioResult {
        run { testbed in
            let problems = try body(testbed)
            return problems.isEmpty ? .passed : .failed(problems)
        }
    }

    /// Makes the testbed, unless something is missing, and runs `body` on it.
    package func run(_ body: (Testbed) throws -> ScenarioResult) -> ScenarioResult {
        do {
            if let unmet = try requirements.firstUnmet() { return unmet }
            let testbed = try Testbed(unnamedHost: unnamedHost)
            try testbed.apply(setup)
            return try body(testbed)
        } catch {
            return .failed(["\(error)"])
        }
    }

    /// Sends the traffic and compares what the kernel counted.
    func sendAndCount(_ testbed: Testbed, isAccepted: Bool) throws -> Problems {
        let before = try KernelCounters(of: testbed.host)
        try testbed.send(traffic)
        let growth = try settledGrowth(testbed, since: before, isAccepted: isAccepted)
        return problems(of: growth, isAccepted: isAccepted)
    }

    /// The counters' growth, when it is what it has to be, else after a while.
    func settledGrowth(_ testbed: Testbed, since before: KernelCounters, isAccepted: Bool) throws -> KernelCounters {
        var growth = try KernelCounters(of: testbed.host) - before
        _ = try eventually(within: 2) {
            growth = try KernelCounters(of: testbed.host) - before
            return problems(of: growth, isAccepted: isAccepted).isEmpty
        }
        // What must not come has no event to wait for.
        usleep(20_000)
        return try KernelCounters(of: testbed.host) - before
    }

    func problems(of growth: KernelCounters, isAccepted: Bool) -> Problems {
        let wanted =
            isAccepted
            ? (filtered: 0, accepted: acceptedCount + carrierCount) : (filtered: kernelDrops, accepted: carrierCount)
        var problems: Problems = []
        if growth.reversePathFilter != wanted.filtered {
            problems.append("IPReversePathFilter grew by \(growth.reversePathFilter), not by \(wanted.filtered)")
        }
        if growth.accepted != wanted.accepted {
            problems.append(
                """
                \(growth.delivered) datagrams were delivered and \(growth.forwarded) forwarded, \
                where \(wanted.accepted) had to be accepted
                """)
        }
        return problems
    }

    /// How many of the packets IPReversePathFilter has to count.
    var kernelDrops: Int {
        if case .dropped(let drop) = expectation, drop.isAttributed, !drop.isInBridge { traffic.count } else { 0 }
    }
}

extension Expectation {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
