// SPDX-License-Identifier: Apache-2.0
import Lab
import Scenarios
import Testing

/// A rung of the ladder: a real drop, and a fix for it.
struct Rung: Sendable, CustomStringConvertible {
    var scenario: Scenario
    var fix: String
    /// It is one of the alternatives.
    var isAlternative: Bool

    var description: String { "\(fix): \(scenario.name)" }

    /// The first scenario of each recommended fix, and what else can be had.
    static let all: [Rung] = {
        var rungs: [Rung] = []
        // Those that every kernel can build come first.
        let simple = Scenario.all.filter(\.requirements.isEmpty)
        for scenario in simple + Scenario.all {
            guard case .dropped(let drop) = scenario.expectation, drop.fix.id != "none", !drop.fix.isIncomplete,
                !rungs.contains(where: { $0.fix == drop.fix.id })
            else { continue }
            rungs.append(Rung(scenario: scenario, fix: drop.fix.id, isAlternative: false))
        }
        let others = [
            ("strict by all over an interface that says 0", ["all_loose", "all_off"]),
            ("strict mode on an unnumbered interface needs both an address and loose mode", ["interface_off"]),
            ("TPROXY: all.src_valid_mark sends the reverse lookup to the local table", ["accept_local"]),
        ]
        for (name, fixes) in others {
            for scenario in Scenario.all where scenario.name == name {
                rungs += fixes.map { Rung(scenario: scenario, fix: $0, isAlternative: true) }
            }
        }
        return rungs
    }()
}

/// Every kind of fix tried by `rpfwatch fix`.
@Suite struct FixTests {
    @Test(arguments: Rung.all)
    func `a rung is tried, lets the packets in, and is undone byte for byte`(_ rung: Rung) async throws {
        try await check { rung.run() }
    }

    @Test func `the ladder is complete`() {
        let fixes = Set(Rung.all.map(\.fix))
        #expect(
            fixes.isSuperset(of: [
                "src_valid_mark", "interface_loose", "policy_rule", "route", "interface_address", "interface_off",
                "accept_local", "remove_local_address", "netfilter_rule", "all_loose", "all_off",
            ]), "there are only \(fixes.sorted())")
    }
}

extension Rung {
    func run() -> ScenarioResult {
        scenario.run { testbed in
            let trial = try TrialRun(on: testbed, sending: scenario.traffic)
            let recorded = try trial.recordFindings()
            guard let id = recorded.findings.last?["rpf.finding_id"]?.string else {
                return .failed(["nothing was found"])
            }
            let before = try NamespaceState(of: testbed.host)
            let outcome = try trial.run(
                [id, "--netns", testbed.host.argument, "--before", "500ms", "--for", "1s", "--json"]
                    + (isAlternative ? ["--use", fix] : []))
            guard outcome.status == 0, let report = outcome.events?.first else {
                return .failed(["it ended with \(outcome.status): \(outcome.standardError) \(outcome.lines)"])
            }
            var problems: [String] = []
            func require(_ path: String, _ condition: (JSONValue?) -> Bool) {
                if !condition(report[path]) { problems.append("\(path) is \(report[path] ?? .null)") }
            }
            require("rpf.trial.fix_id") { $0?.string == fix }
            require("rpf.trial.outcome") { $0?.string == "works" }
            require("rpf.trial.before.dropped") { $0?.integer ?? 0 > 0 }
            require("rpf.trial.before.accepted") { $0?.integer == 0 }
            require("rpf.trial.during.dropped") { $0?.integer == 0 }
            require("rpf.trial.during.accepted") { $0?.integer ?? 0 > 0 }
            require("rpf.trial.unexpected") { $0 == .array([]) }
            require("rpf.trial.kept") { $0 == false }
            require("rpf.trial.as_before") { $0 == true }
            require("rpf.trial.undone") { undone in
                guard let undone = undone?.array, !undone.isEmpty else { return false }
                return undone.allSatisfy { $0["found"] == "made" && $0["problem"] == .null }
            }
            problems += try NamespaceState(of: testbed.host).differences(from: before).map { "left behind: \($0)" }
            if trial.hasRecord { problems.append("the record of the trial is still there") }
            return problems.isEmpty ? .passed : .failed(problems)
        }
    }
}
