// SPDX-License-Identifier: Apache-2.0
import Fixes
import Glibc
import Lab
import Packets
import Scenarios
import Testing

/// Every scenario whose packets are dropped, and that no command has to be left incomplete for.
private let dropped = Scenario.all.filter { scenario in
    if case .dropped = scenario.expectation { true } else { false }
}

/// The advice on real namespaces: its commands typed into a shell, real packets sent, and the commands taken back.
@Suite struct AppliedFixTests {
    @Test(arguments: dropped)
    func `fixes do what they say on the kernel, and their reverts take it back`(_ scenario: Scenario) async throws {
        for requirement in scenario.requirements {
            if case .absent(let proof) = try requirement.probe() { try Test.cancel("\(requirement.name): \(proof)") }
        }
        let problems = try await onOwnThread { try AppliedScenario(scenario).problems() }
        for problem in problems { Issue.record("\(scenario): \(problem)") }
    }

    @Test(arguments: [
        "LVS-DR: the client of a service address on lo is routed through the other NIC",
        "strict by all over an interface that says 0", "all=2 over 0: no route to the source, the gateway is known",
        "strict mode on an unnumbered interface needs both an address and loose mode",
        "a default route with a worse metric through the ingress interface does not help",
        "the route back is chosen by a mark that the reverse lookup ignores",
        "a forwarded packet whose sender is routed through the other NIC",
        "DNAT to a container: the check sees the container's address as destination",
        "an own address as source under strict mode is refused as local, not by rp_filter",
    ])
    func `copied recipes do on the kernel what is said of them`(_ name: String) async throws {
        let scenario = try #require(dropped.first { $0.name == name })
        let problems = try await onOwnThread {
            var problems: [String] = []
            for index in 0... {
                guard let problem = try AppliedScenario(scenario).tryingRecipe(index) else { break }
                problems += problem
            }
            return problems
        }
        for problem in problems { Issue.record("\(scenario): \(problem)") }
    }
}

/// A carrier comes a moment after its link is up, and shows in the links and routes that are compared.
func waitForCarriers(_ namespace: Namespace) throws {
    _ = try eventually(within: 1) {
        try !namespace.run(["ip", "-4", "route", "show", "table", "all"]).contains("linkdown")
            && !namespace.run(["ip", "link"]).contains("LOWERLAYERDOWN")
    }
}

/// Runs blocking work outside the thread pool of Swift's tasks.
private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try detachThread { continuation.resume(with: Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// One scenario in a testbed of its own.
private struct AppliedScenario {
    let scenario: Scenario
    let expected: ExpectedDrop
    let testbed: Testbed

    init(_ scenario: Scenario) throws {
        guard case .dropped(let expected) = scenario.expectation else { throw LabError("nothing is dropped") }
        self.scenario = scenario
        self.expected = expected
        testbed = try Testbed(unnamedHost: scenario.unnamedHost)
        try testbed.apply(scenario.setup)
        try waitForCarriers(testbed.host)
    }

    func problems() throws -> [String] {
        let advice = try RealFinding(scenario, expected, testbed).advice()
        var problems = mismatches(advice)
        for fix in [advice.fix] + advice.alternatives where fix.id != .none && !fix.incomplete {
            problems += try trying(fix).map { "\(fix.id.rawValue): \($0)" }
        }
        return problems
    }

    /// What differs from what the scenario expects of the advice.
    private func mismatches(_ advice: Advice) -> [String] {
        var problems: [String] = []
        let fix = advice.fix
        if fix.id.rawValue != expected.fix.id {
            problems.append("the fix is \(fix.id.rawValue), not \(expected.fix.id): \(fix.summary)")
        }
        let widens = Dictionary(fix.widens.map { ($0.interface.text, Int($0.after)) }, uniquingKeysWith: { $1 })
        if widens != expected.fix.widens { problems.append("it widens \(widens), not \(expected.fix.widens)") }
        if fix.incomplete != expected.fix.isIncomplete { problems.append("incomplete is \(fix.incomplete)") }
        for id in expected.alternatives where !advice.alternatives.contains(where: { $0.id.rawValue == id }) {
            problems.append("\(id) is no alternative")
        }
        for word in expected.rejected
        where !advice.rejected.contains(where: { ([$0.recipe] + $0.commands).contains { $0.contains(word) } }) {
            problems.append("no rejected recipe is about \(word)")
        }
        return problems
    }

    /// Applies a fix, compares what changed and what becomes of the packets, and takes it back.
    private func trying(_ fix: Fix) throws -> [String] {
        var problems: [String] = []
        let before = try NamespaceState(of: testbed.host)
        for command in fix.commands { try type(command) }
        let during = try NamespaceState(of: testbed.host)
        var wanted = before.effectiveReversePathFilter
        for change in fix.widens { wanted[change.interface.text] = Int(change.after) }
        if during.effectiveReversePathFilter != wanted {
            problems.append("the effective values are \(during.effectiveReversePathFilter), not \(wanted)")
        }
        if before.differences(from: during).isEmpty { problems.append("it changed nothing") }
        if fix.predicted == .accept {
            let accepted = try acceptedPackets()
            if accepted != scenario.acceptedCount { problems.append("\(accepted) packets were accepted") }
        }
        for command in fix.revert { try type(command) }
        problems += try NamespaceState(of: testbed.host).differences(from: before).map { "after the revert: \($0)" }
        return problems
    }

    /// Follows the rejected recipe of that number; nil when there is none. There is no way back from it.
    func tryingRecipe(_ index: Int) throws -> [String]? {
        let rejected = try RealFinding(scenario, expected, testbed).advice().rejected
        guard rejected.indices.contains(index) else { return nil }
        let recipe = rejected[index]
        for command in recipe.commands where !command.contains("GATEWAY") { try type(command) }
        let accepted = try acceptedPackets(waiting: 0.1)
        let works = recipe.reason.hasPrefix("Works")
        let wanted = works ? scenario.acceptedCount : 0
        return accepted == wanted
            ? [] : ["\(recipe.recipe): \(accepted) packets were accepted, though it is said: \(recipe.reason)"]
    }

    /// As root on the host.
    private func type(_ command: String) throws {
        try runSuccessfully(["sh", "-c", command])
    }

    /// Sends the traffic and counts what comes in.
    private func acceptedPackets(waiting seconds: Double = 2) throws -> Int {
        let before = try KernelCounters(of: testbed.host)
        try testbed.send(scenario.traffic)
        let wanted = scenario.acceptedCount + scenario.carrierCount
        _ = try eventually(within: seconds) { try (KernelCounters(of: testbed.host) - before).accepted >= wanted }
        usleep(20_000)
        return try (KernelCounters(of: testbed.host) - before).accepted - scenario.carrierCount
    }
}
