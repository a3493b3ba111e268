// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Probe

/// How long it takes until drops are counted.
struct StartBenchmark {
    private static let rounds = 20

    func run() throws {
        let clock = ContinuousClock()
        var load = Rounds()
        var attach = Rounds()
        var ready = Rounds()
        for _ in 0..<Self.rounds {
            let start = clock.now
            var probe = try Probe(ProbeOptions())
            let loaded = clock.now
            try probe.attach()
            let attached = clock.now
            probe.detach()
            load.add((loaded - start) / .milliseconds(1))
            attach.add((attached - loaded) / .milliseconds(1))
            guard RpfwatchProcess.isBuilt else { continue }
            let spawned = clock.now
            let rpfwatch = try RpfwatchProcess(["trace", "--json"])
            try rpfwatch.waitForStart()
            ready.add((clock.now - spawned) / .milliseconds(1))
            _ = try rpfwatch.interruptAndFinish()
        }
        print("Start: \(Self.rounds) rounds; milliseconds; median (min to max)")
        print("  probe: choose the tier and load                 \(load.summary)")
        print("  probe: attach                                   \(attach.summary)")
        print("  rpfwatch trace --json: from spawn to its start  \(ready.summary)")
    }
}

extension RpfwatchProcess {
    /// Whether there is a program to measure.
    static var isBuilt: Bool { unsafe access(path, X_OK) == 0 }
}
