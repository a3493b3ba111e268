// SPDX-License-Identifier: Apache-2.0

extension Scenario {
    /// Asks `rpfwatch explain` about each packet before it is sent, and sends it: what was said has to happen.
    package func runExplained() -> ScenarioResult {
        run { testbed -> Problems in
            var problems: Problems = []
            for packet in traffic.checked ?? traffic.packets where packet.fragmentOffset == 0 {
                guard let question = question(about: packet, in: testbed) else { continue }
                let outcome = try RpfwatchProcess.run(question)
                guard let answer = outcome.events?.first else {
                    return ["explain \(question) said \(outcome.lines) \(outcome.standardError)"]
                }
                problems += self.problems(of: answer, status: outcome.status).map { "explain \(question): \($0)" }
            }
            return try problems + sendAndCount(testbed, isAccepted: expectation.isAccepted)
        }
    }

    /// The words to ask with; nil where the packet is not what the check sees, or a packet filter decides.
    private func question(about packet: IPv4Packet, in testbed: Testbed) -> [String]? {
        let rulesets = setup.compactMap { step in
            if case .command(_, let input?) = step.action, step.place == .host { input } else { nil }
        }
        if case .dropped(let drop) = expectation, drop.cause == "netfilter" { return nil }
        if rulesets.contains(where: { $0.contains("dnat to") }) { return nil }
        var words = [
            "explain", IPv4Packet.text(packet.source), IPv4Packet.text(packet.destination), "--json", "-i", ingress,
            "--netns", testbed.host.argument, "--proto", "\(packet.protocol)",
        ]
        if packet.tos != 0 { words += ["--tos", "\(packet.tos)"] }
        if rulesets.contains(where: { $0.contains("mark set 1") }) { words += ["--mark", "1"] }
        if [6, 17].contains(packet.protocol), packet.payload.count >= 4 {
            let ports = packet.payload.prefix(4).map { Int($0) }
            words += ["--sport", "\(ports[0] << 8 | ports[1])", "--dport", "\(ports[2] << 8 | ports[3])"]
        }
        return words
    }

    private var ingress: String {
        if case .dropped(let drop) = expectation { return drop.interface }
        switch traffic.entry {
        case .wire(_, let receiver, _): return receiver
        case .stack: return "a0"
        case .tunnel(let device): return device
        }
    }

    private func problems(of answer: JSONValue, status: Int32) -> Problems {
        var problems: Problems = []
        func expect(_ name: String, _ value: JSONValue) {
            let found = answer["rpf.\(name)"] ?? .null
            if found != value { problems.append("\(name) is \(found), not \(value)") }
        }
        if answer["rpf.explain.kernel.agrees"] == false {
            problems.append("the kernel disagrees: \(answer["rpf.explain.kernel"] ?? .null)")
        }
        switch expectation {
        case .accepted:
            if status != 0 || answer["rpf.explain.verdict"] != "accept" && acceptedCount > 0 {
                problems.append("the verdict is \(answer["rpf.explain"] ?? .null), status \(status)")
            }
        case .dropped(let drop):
            if status != 1 { problems.append("the status is \(status)") }
            expect("explain.verdict", drop.isAttributed ? "drop" : "refuse")
            expect("explain.cause", .string(drop.cause))
            expect("explain.path", .string(drop.path))
            let factors = Set((answer["rpf.factors"]?.array ?? []).compactMap(\.string))
            if factors != Set(drop.factors + ["other_netns"]) { problems.append("the factors are \(factors)") }
            // Who sent a packet tells the gateway that a rule or route needs; a question has no sender.
            let others = (answer["rpf.alternatives"]?.array ?? []).filter { $0["incomplete"] == true }
            if answer["rpf.fix.id"]?.string != drop.fix.id
                && !others.contains(where: { $0["id"] == .string(drop.fix.id) })
            {
                problems.append("the fix is \(answer["rpf.fix"] ?? .null)")
            }
            expect("explain.sysctl.all", .integer(drop.sysctl.all))
            expect("explain.sysctl.iface", .integer(drop.sysctl.interface))
            if let reverse = drop.reverse {
                expect("explain.reverse.type", .string(reverse.type))
                if let interface = reverse.interface { expect("explain.reverse.iface", .string(interface)) }
                if let table = reverse.table { expect("explain.reverse.table", .integer(table)) }
                if let rule = reverse.rule { expect("explain.reverse.rule_pref", .integer(rule)) }
            }
        }
        return problems
    }
}

extension IPv4Packet {
    /// Dotted decimal.
    static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> UInt32($0) & 0xFF) }.joined(separator: ".")
    }
}
