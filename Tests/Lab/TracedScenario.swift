// SPDX-License-Identifier: Apache-2.0

extension Scenario {
    /// Runs it under `rpfwatch trace`: what is said about every drop and about the finding has to be what is expected,
    /// the totals have to agree with the kernel's counter, and the recommended fix has to let the same packets in,
    /// change nothing that it did not name, and be taken back without a trace.
    ///
    /// `told` is given what the finding says, for a comparison with what is said elsewhere.
    package func runTraced(trials: FixTrials = .all, told: (FindingText) -> Void = { _ in }) -> ScenarioResult {
        run { testbed in
            let before = try stateBeforeFix(testbed, trials)
            let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
            try trace.waitForStart()
            var problems = try sendAndCount(testbed, isAccepted: expectation.isAccepted)
            let outcome = try trace.interruptAndFinish()
            if outcome.status != 0 {
                problems.append("rpfwatch ended with \(outcome.status): \(outcome.standardError)")
            }
            let events = TraceEvents(outcome)
            let sight = Sight(tier: events.all.first?["rpf.trace.tier"]?.string ?? "")
            problems += events.problems + events.totalsProblems + totalsProblems(events, sight)
            problems += sight.problems(ofStart: events.all.first)
            var blindSpot: Sight.BlindSpot?
            switch view(from: sight) {
            case nil: problems += silenceProblems(events)
            case .blind(let spot)?:
                problems += silenceProblems(events)
                blindSpot = spot
            case .seen(let drop)?:
                problems += self.problems(ofDrops: events.drops, drop)
                if events.findings.count == 1, let finding = events.findings.first {
                    told(FindingText(finding, testbed))
                    problems += self.problems(ofFinding: finding, drop)
                    problems += try fixProblems(finding, drop, testbed, before, trials)
                } else {
                    problems.append("there are \(events.findings.count) findings, not 1: \(events.findings)")
                }
            }
            if !problems.isEmpty { return .failed(problems) }
            return blindSpot.map { .blind($0.rawValue) } ?? .passed
        }
    }

    /// What has to be said about the packets; nil: nothing, they are let in.
    private func view(from sight: Sight) -> Sight.View? {
        guard case .dropped(let drop) = expectation else { return nil }
        return sight.view(of: drop, sources: (traffic.checked ?? traffic.packets).map(\.source))
    }

    private func silenceProblems(_ events: TraceEvents) -> Problems {
        var problems: Problems = []
        if !events.drops.isEmpty { problems.append("drops were reported: \(events.drops)") }
        if !events.findings.isEmpty { problems.append("findings were reported: \(events.findings)") }
        return problems
    }

    private func totalsProblems(_ events: TraceEvents, _ sight: Sight) -> Problems {
        var problems: Problems = []
        var attributed = 0
        var others = 0
        if case .seen(let drop)? = view(from: sight), drop.isAttributed {
            attributed = traffic.count
        } else if !expectation.isAccepted {
            others = traffic.count
        }
        let expected = ["drops": attributed, "emitted": attributed, "kernel.ip_reverse_path_filter": kernelDrops]
        for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
            let found = events.end?["rpf.\(name)"]
            if found != .integer(value) { problems.append("end: rpf.\(name) is \(found ?? .null), not \(value)") }
        }
        let found = events.end?["rpf.other_drops"] ?? .null
        if !sight.hasDropReasons {
            if found != .null { problems.append("end: rpf.other_drops is \(found) without drop reasons") }
        } else if (found.integer ?? 0) < others {
            problems.append("end: rpf.other_drops is \(found), below \(others)")
        }
        return problems
    }

    private func problems(ofDrops drops: [JSONValue], _ expected: ExpectedDrop) -> Problems {
        var problems: Problems = []
        if drops.count != traffic.count {
            problems.append("\(drops.count) drops were reported, not \(traffic.count)")
        }
        for drop in drops {
            problems += judgementProblems(drop, expected)
            problems += differences(
                drop,
                [
                    "network.interface.name": .string(expected.interface), "network.type": "ipv4",
                    "rpf.path": .string(expected.path), "rpf.certainty.attributed": "observed",
                    "rpf.certainty.cause": .string(expected.certainty),
                ])
            if expected.certainty == "inferred" && drop["rpf.inferred_from.raced"] != false {
                problems.append("rpf.inferred_from is \(drop["rpf.inferred_from"] ?? .null)")
            }
        }
        let reported = drops.map(PacketFields.init)
        let sent = (traffic.checked ?? traffic.packets).flatMap {
            [PacketFields](repeating: PacketFields($0), count: traffic.times)
        }
        if reported.sorted() != sent.sorted() { problems.append("the packets are \(reported), and \(sent) were sent") }
        return Array(Set(problems)).sorted()
    }

    private func problems(ofFinding finding: JSONValue, _ expected: ExpectedDrop) -> Problems {
        var problems = judgementProblems(finding, expected)
        problems += differences(
            finding,
            [
                "rpf.path": .string(expected.path), "rpf.drops": .integer(traffic.count),
                "rpf.fix.id": .string(expected.fix.id), "rpf.fix.incomplete": .bool(expected.fix.isIncomplete),
            ])
        let alternatives = finding["rpf.alternatives"]?.array?.compactMap { $0["id"]?.string } ?? []
        for missing in expected.alternatives where !alternatives.contains(missing) {
            problems.append("\(missing) is not among the alternatives \(alternatives)")
        }
        let rejected = "\(finding["rpf.rejected"] ?? .null)"
        for missing in expected.rejected where !rejected.contains(missing) {
            problems.append("\(missing) is not among the rejected recipes \(rejected)")
        }
        return problems.map { "finding: \($0)" }
    }

    /// What a drop and a finding say alike.
    private func judgementProblems(_ event: JSONValue, _ expected: ExpectedDrop) -> Problems {
        let factors = Self.factorOrder.filter { expected.factors.contains($0) || $0 == "other_netns" }
        var members: [String: JSONValue] = [
            "rpf.attributed": .bool(expected.isAttributed), "rpf.cause": .string(expected.cause),
            "rpf.factors": .array(factors.map { .string($0) }), "rpf.sysctl.all": .integer(expected.sysctl.all),
            "rpf.sysctl.iface": .integer(expected.sysctl.interface),
            "rpf.sysctl.effective": .integer(max(expected.sysctl.all, expected.sysctl.interface)),
        ]
        if let reverse = expected.reverse {
            members["rpf.reverse.type"] = .string(reverse.type)
            members["rpf.reverse.iface"] = reverse.interface.map { .string($0) } ?? .null
            members["rpf.reverse.gateway"] = reverse.gateway.map { .string($0) } ?? .null
            members["rpf.reverse.table"] = reverse.table.map { .integer($0) } ?? .null
            members["rpf.reverse.rule_pref"] = reverse.rule.map { .integer($0) } ?? .null
        }
        return differences(event, members)
    }

    private func differences(_ event: JSONValue, _ expected: [String: JSONValue]) -> Problems {
        expected.sorted { $0.key < $1.key }.compactMap { key, value in
            let found = event[key]
            return found == value ? nil : "\(key) is \(found?.description ?? "missing"), not \(value)"
        }
    }

    /// The contract's order.
    private static let factorOrder = [
        "all_overrides_interface", "unnumbered_interface", "fwmark_ignored", "fwmark_misroutes", "fwmark_hits_local",
        "dnat", "decapsulated", "policy_rule", "secondary_table_only", "less_specific_route", "worse_metric_route",
        "same_subnet_interfaces", "blackhole_route", "nexthop_down", "reply_path_broken", "vrf", "other_netns",
        "value_overwritten", "spoof_suspected",
    ]
}
