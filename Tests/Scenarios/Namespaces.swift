// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Which namespace dropped, how it is named, and what is said when it can no longer be asked.
package enum Namespaces {
    private static let strict: [Step] = [.rpFilter("a0", 1), .virtualAddressOnLoopback]

    private static let expected = ExpectedDrop(
        "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
        fix: .interfaceLoose())

    package static let scenarios: [Scenario] = [
        Scenario(
            "a namespace without a name, as a container has: the fix enters it by process and checks that it is the one",
            requires: [.tool("unshare"), .tool("nsenter")],
            unnamedHost: true, setup: strict,
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(expected), remedy: [.rpFilter("a0", 2)])
    ]

    package static let procedures: [Procedure] = [
        Procedure("drops in two namespaces at once are told apart") { try twoAtOnce() },
        Procedure("--netns takes a name, a process, a path and an inode number") { try everyWayToName() },
        Procedure("a namespace that is gone before it can be asked: the cause is null, and that is said") {
            try goneBeforeTheFinding()
        },
    ]

    private static func twoAtOnce() throws -> [String] {
        let first = try Testbed()
        let second = try Testbed()
        for testbed in [first, second] { try testbed.apply(strict) }
        let trace = try RpfwatchProcess([
            "trace", "--follow", "--json", "--source", asymmetric, "--destination", virtualAddress,
        ])
        try trace.waitForStart()
        for _ in 0..<3 {
            try first.send(.packets(.udp(from: asymmetric, to: virtualAddress), times: 1))
            try second.send(.packets(.ping(from: asymmetric, to: virtualAddress), times: 2))
        }
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems
        for (testbed, drops, transport) in [(first, 3, "udp"), (second, 6, "icmp")] {
            let name = JSONValue.string(testbed.host.argument)
            let inode = JSONValue.integer(Int(testbed.host.inode))
            let own = events.drops.filter { $0["rpf.netns.name"] == name }
            if own.count != drops || own.contains(where: { $0["network.transport"] != .string(transport) }) {
                problems.append("\(name): drops are \(own)")
            }
            let findings = events.findings.filter { $0["rpf.netns.inum"] == inode }
            if findings.count != 1 || findings.first?["rpf.drops"] != .integer(drops) {
                problems.append("\(name): findings are \(findings)")
            }
            if findings.first?["rpf.netns.name"] != name { problems.append("\(name): not named in its finding") }
        }
        if (events.end?["rpf.drops"]?.integer ?? 0) < 9 { problems.append("the totals are \(events.end ?? .null)") }
        return problems
    }

    private static func everyWayToName() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply(strict)
        let inside = try testbed.host.enter { try spawn(["sleep", "600"]) }
        defer { endProcess(inside) }
        var problems: [String] = []
        let ways = [testbed.host.argument, "\(inside)", testbed.host.path, "inode:\(testbed.host.inode)"]
        let traces = try ways.map { try RpfwatchProcess(["trace", "--json", "--netns", $0]) }
        for trace in traces { try trace.waitForStart() }
        try testbed.send(.packets(.udp(from: asymmetric, to: virtualAddress), times: 5))
        for (way, trace) in zip(ways, traces) {
            let events = TraceEvents(try trace.interruptAndFinish())
            problems += (events.problems + events.totalsProblems).map { "--netns \(way): \($0)" }
            let drops = events.end?["rpf.drops"]
            if drops != 5 { problems.append("--netns \(way): \(drops ?? .null) drops, not 5") }
        }
        return problems
    }

    private static func goneBeforeTheFinding() throws -> [String] {
        // A source that no other scenario has: they drop in other namespaces meanwhile, and the inode is used again.
        let source = "203.0.113.222"
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--source", "\(source)/32"])
        try trace.waitForStart()
        let inode = try trace.pause {
            // Only now, so that it had no time to hold the namespace open.
            let testbed = try Testbed()
            try testbed.apply(strict)
            let inode = JSONValue.integer(Int(testbed.host.inode))
            try testbed.send(.packets(.udp(from: source, to: virtualAddress)))
            guard try testbed.removeHost() else { throw LabError("the kernel did not take the namespace down") }
            return inode
        }
        let outcome = try trace.interruptAndFinish()
        let events = TraceEvents(outcome)
        var problems = events.problems
        let drops = events.drops.filter { $0["source.ip"] == .string(source) }
        if drops.count != 3 { problems.append("\(drops.count) drops were reported, not 3") }
        let findings = events.findings.filter { $0["rpf.netns.inum"] == inode && $0["network.interface.name"] == "a0" }
        if findings.count != 1 { problems.append("the findings are \(findings)") }
        for event in drops + findings {
            if event["rpf.attributed"] != true || event["rpf.cause"] != .null {
                problems.append("attributed \(event["rpf.attributed"] ?? .null), cause \(event["rpf.cause"] ?? .null)")
            }
            if event["rpf.sysctl.iface"] != 1 { problems.append("the sysctl read at the drop is not there: \(event)") }
        }
        for finding in findings {
            if finding["rpf.fix.id"] != "none" || finding["rpf.fix.predicted"] != "unknown"
                || finding["rpf.fix.commands"] != .array([]) || finding["rpf.drops"] != 3
            {
                problems.append("the finding is \(finding)")
            }
            if finding["rpf.fix.summary"]?.string?.contains("namespace") != true {
                problems.append("the fix does not say that the namespace is gone: \(finding["rpf.fix"] ?? .null)")
            }
        }
        return problems
    }
}
