// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Scenarios

/// Every scenario in one tier.
struct TierRun {
    private let tier: String
    private let arguments: Arguments
    private let record: Record

    init(_ tier: String, _ arguments: Arguments, _ record: Record) {
        self.tier = tier
        self.arguments = arguments
        self.record = record
    }

    /// How many failed.
    func run() throws -> Int {
        if tier == "none" { return runWithoutProgram() }
        if tier == "hosts" { return runRandomHosts() }
        unsafe setenv("RPFWATCH_TIER", tier, 1)
        let use = try TierUse(tier)
        let doctorsProblems = DoctorsWord.thisMachine.problems(with: use, of: tier)
        if !doctorsProblems.isEmpty {
            record.write(["tier", tier, "failed", doctorsProblems.joined(separator: " ‖ ")])
            return 1
        }
        switch use {
        case .refused(let sentence):
            record.write(["tier", tier, "refused", sentence])
            return 0
        case .failed(let problem):
            record.write(["tier", tier, "failed", problem])
            return 1
        case .used(let name, _):
            record.write(["tier", tier, "used", name])
        }
        let scenarios = Scenario.all.filter { arguments.wants($0.name) }
        let procedures = Procedure.all.filter { arguments.wants($0.name) }
        let trials: FixTrials = arguments.sayOnly.contains(tier) ? .none : .recommended
        return scenarios.reduce(0) { sum, scenario in
            sum
                + measure(scenario.name) {
                    scenario.runTraced(trials: trials) { record.write(["said", tier, scenario.name, $0.text]) }
                }
        }
            + procedures.reduce(0) { sum, procedure in sum + measure(procedure.name) { procedure.run() } }
    }

    private func runWithoutProgram() -> Int {
        record.write(["tier", tier, "used", tier])
        let scenarios = Scenario.all.filter { arguments.wants($0.name) }
        return scenarios.reduce(0) { sum, scenario in sum + measure(scenario.name) { scenario.runKernelOnly() } }
    }

    private func runRandomHosts() -> Int {
        record.write(["tier", tier, "used", tier])
        guard arguments.wants(RandomHosts.name) else { return 0 }
        return measure(RandomHosts.name) { RandomHosts.run(arguments.hosts, record) }
    }

    private func measure(_ name: String, _ run: () -> ScenarioResult) -> Int {
        let begin = monotonicSeconds()
        var result = run()
        // An emulated machine stands still now and then, for longer than anybody waits. What fails twice is a fault.
        if case .failed(let problems) = result {
            record.write(["again", tier, name, problems.joined(separator: " ‖ ")])
            result = run()
        }
        let milliseconds = "\(Int((monotonicSeconds() - begin) * 1_000))"
        let (status, detail) =
            switch result {
            case .passed: ("passed", "")
            case .blind(let spot): ("blind", spot)
            case .skipped(let proof): ("skipped", proof)
            case .failed(let problems): ("failed", problems.joined(separator: " ‖ "))
            }
        record.write(["result", tier, status, milliseconds, name, detail])
        return status == "failed" ? 1 : 0
    }
}

/// Whether a tier can be used here, found by using it.
enum TierUse {
    case used(String, blindSpots: [String])
    /// Exit status 3 and one sentence.
    case refused(String)
    case failed(String)

    init(_ tier: String) throws {
        let trace = try RpfwatchProcess(["trace", "--json", "--tier", tier])
        let hasStarted = trace.read(within: 60) { !$0.isEmpty }
        guard hasStarted else {
            let outcome = try trace.finish()
            let sentence = outcome.standardError
            self =
                outcome.status == 3 && sentence.contains(tier)
                ? .refused(sentence) : .failed("exit \(outcome.status): \(sentence)")
            return
        }
        let start = TraceEvents(try trace.interruptAndFinish()).all.first
        guard let used = start?["rpf.trace.tier"]?.string, tier == "auto" || used == tier else {
            self = .failed("start says \(start ?? .null)")
            return
        }
        self = .used(used, blindSpots: start?["rpf.trace.blind"]?.array?.compactMap(\.string) ?? [])
    }
}
