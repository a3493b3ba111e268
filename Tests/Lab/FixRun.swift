// SPDX-License-Identifier: Apache-2.0

/// Which fixes are applied and taken back.
package enum FixTrials: Sendable {
    /// None: what is said is all that is looked at.
    case none
    case recommended
    /// The recommended one and every alternative that says it would work.
    case all
}

extension Scenario {
    /// Applies what was recommended, sends the packets again, takes it back; then the same with the alternatives.
    func fixProblems(
        _ finding: JSONValue, _ expected: ExpectedDrop, _ testbed: Testbed, _ before: NamespaceState?,
        _ trials: FixTrials
    ) throws -> Problems {
        guard let fix = finding["rpf.fix"] else { return ["there is no fix"] }
        var problems: Problems = []
        if fix["id"] == "none" {
            if fix["commands"] != .array([]) || fix["predicted"] != "drop" {
                problems.append("a fix that is none has commands or does not predict drop: \(fix)")
            }
        } else if fix["incomplete"] == true {
            if fix["predicted"] == "accept" { problems.append("an incomplete fix predicts accept: \(fix)") }
        } else if let before {
            var widened = before.effectiveReversePathFilter
            for (interface, value) in expected.fix.widens { widened[interface] = value }
            problems += try tryFix(fix, testbed, before, widened: widened)
        }
        for alternative in finding["rpf.alternatives"]?.array ?? []
        where trials == .all && alternative["incomplete"] != true && alternative["predicted"] == "accept" {
            guard let before else { continue }
            problems += try tryFix(alternative, testbed, before).map { "alternative: \($0)" }
        }
        return problems
    }

    /// Everything that a fix may change, before any is applied; nil when none will be.
    func stateBeforeFix(_ testbed: Testbed, _ trials: FixTrials) throws -> NamespaceState? {
        guard trials != .none, case .dropped(let drop) = expectation else { return nil }
        if trials == .recommended && (drop.fix.id == "none" || drop.fix.isIncomplete) { return nil }
        return try NamespaceState(of: testbed.host, listsFilters: setupRunsPrograms)
    }

    private var setupRunsPrograms: Bool {
        setup.contains { if case .command = $0.action { $0.place == .host } else { false } }
    }

    /// Applies a fix, sends the packets, takes it back. `widened`: the effective rp_filter of every interface that has
    /// to follow; without it what the fix itself says has to be true.
    private func tryFix(
        _ fix: JSONValue, _ testbed: Testbed, _ before: NamespaceState, widened: [String: Int]? = nil
    ) throws -> Problems {
        let name = fix["id"]?.string ?? "a fix"
        var problems: Problems = []
        if fix["predicted"] != "accept" { problems.append("it predicts \(fix["predicted"] ?? .null)") }
        if fix["admits.packets"] != fix["admits.of"] { problems.append("it admits \(fix["admits"] ?? .null)") }
        problems += try runCommands(fix["commands"])
        let effective = try NamespaceState.effectiveReversePathFilter(of: testbed.host)
        let said = claimedWidenings(fix, before.effectiveReversePathFilter, &problems)
        if effective != said { problems.append("rp_filter is \(effective), and widens said \(said)") }
        if let widened, effective != widened { problems.append("rp_filter is \(effective), not \(widened)") }
        problems += try sendAndCount(testbed, isAccepted: true)
        problems += try runCommands(fix["revert"])
        let concernsFilters = setupRunsPrograms || ["nft ", "iptables"].contains { "\(fix)".contains($0) }
        problems += try NamespaceState(of: testbed.host, listsFilters: concernsFilters).differences(from: before)
            .map { "after the revert: \($0)" }
        return problems.map { "\(name) \(fix["commands"] ?? .null): \($0)" }
    }

    /// The effective rp_filter of every interface as `widens` says it will be.
    private func claimedWidenings(
        _ fix: JSONValue, _ before: [String: Int], _ problems: inout Problems
    ) -> [String: Int] {
        var result = before
        for widening in fix["widens"]?.array ?? [] {
            guard let interface = widening["interface"]?.string, let after = widening["after"]?.integer else {
                problems.append("widens has \(widening)")
                continue
            }
            if widening["before"]?.integer != before[interface] {
                problems.append("widens says that \(interface) was \(widening["before"] ?? .null)")
            }
            result[interface] = after
        }
        return result
    }

    /// Runs shell commands from the host, outside the namespaces, as a person would paste them.
    private func runCommands(_ commands: JSONValue?) throws -> Problems {
        guard let commands = commands?.array else { return ["commands are \(commands ?? .null)"] }
        return try commands.compactMap { command in
            let result = try Lab.run(["sh", "-c", command.string ?? ""])
            return result.succeeded
                ? nil : "\(command) ended with \(result.status): \(result.standardError)"
        }
    }
}
