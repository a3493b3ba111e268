// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Values that change while they are traced, and who changes them.
package enum Overwriting {
    package static let procedures: [Procedure] = [
        Procedure("an udev-like rewriter sets rp_filter back: it is named, and so is the value that it overwrote") {
            try rewriter()
        },
        Procedure("a value that was overwritten before the first drop is told with it") { try beforeTheFirstDrop() },
        Procedure("accept_local, which the kernel does not announce, is told when it is written") {
            try unannounced()
        },
    ]

    private static let mode = "net/ipv4/conf/a0/rp_filter"
    private static let traffic = Traffic.packets(.udp(from: asymmetric, to: virtualAddress))

    /// A change as it has to be told: `net.ipv4.conf.a0.rp_filter 1>2 admin`.
    private static func told(_ events: TraceEvents, of testbed: Testbed, isSeen: Bool) -> [String] {
        events.events("config-change").filter {
            $0["rpf.change.kind"] == "sysctl" && $0["rpf.netns.inum"] == .integer(Int(testbed.host.inode))
        }.map { event in
            let words = ["object", "before", "after"].map { event["rpf.change.\($0)"]?.string ?? "null" }
            let writer = event["rpf.change.writer.comm"]?.string ?? "nobody"
            return "\(words[0]) \(words[1])>\(words[2]) \(isSeen ? writer : "anybody")"
        }
    }

    /// Whether this kernel and these privileges show who writes, as `start` says.
    private static func seesWriters(_ events: TraceEvents) -> Bool {
        events.all.first?["rpf.trace.hooks"]?.array?.contains("cgroup/sysctl") ?? false
    }

    private static func rewriter() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        func dropped(_ count: Int) throws {
            try testbed.send(traffic)
            guard trace.read(within: 20, until: { $0.filter { $0.contains("\"rpf-drop\"") }.count >= count }) else {
                throw LabError("only \(trace.lines.count) lines came, without drop \(count)")
            }
        }
        try dropped(traffic.count)
        let admin = try testbed.host.writeSysctls([(mode, "2")], as: "admin")
        let udev = try testbed.host.writeSysctls([(mode, "1")], as: "udev-like")
        try dropped(2 * traffic.count)
        let events = TraceEvents(try trace.interruptAndFinish())
        let isSeen = seesWriters(events)
        var problems = events.problems + events.totalsProblems

        let name = "net.ipv4.conf.a0.rp_filter"
        let changes = told(events, of: testbed, isSeen: isSeen)
        let expected =
            isSeen ? ["\(name) 1>2 admin", "\(name) 2>1 udev-like"] : ["\(name) 1>2 anybody", "\(name) 2>1 anybody"]
        if changes != expected { problems.append("the changes are \(changes)") }
        let first = events.drops.first?["rpf.factors"]?.array ?? []
        if first.contains("value_overwritten") { problems.append("the first drop has the factor already") }
        guard events.findings.count == 1, let finding = events.findings.first else {
            return problems + ["there are \(events.findings.count) findings"]
        }
        let factors = finding["rpf.factors"]?.array ?? []
        if factors != ["other_netns", "value_overwritten"] { problems.append("the factors are \(factors)") }
        let values = finding["rpf.changed_values"]?.array ?? []
        if values.map({ $0["after"] }) != [2, 1] { problems.append("the changed values are \(values)") }
        let effects = "\(finding["rpf.fix.side_effects"] ?? .null)"
        let who = isSeen ? "udev-like (pid \(udev.process)) changed" : "Something changed"
        if !effects.contains("\(who) \(name) from 2 to 1 while this was traced") {
            problems.append("the side effects do not say who overwrites: \(effects)")
        }
        if isSeen {
            let writers = values.map { [$0["writer.pid"], $0["writer.parent.pid"]] }
            let wanted = [admin, udev].map { [JSONValue.integer($0.process), .integer($0.parent)] }
            if writers != wanted { problems.append("the writers are \(writers), not \(wanted)") }
        }
        return problems
    }

    private static func beforeTheFirstDrop() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 2), .virtualAddressOnLoopback])
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try testbed.send(traffic)
        try testbed.host.writeSysctls([(mode, "1")], as: "udev-like")
        try testbed.send(traffic)
        let isThere = trace.read(within: 20) { $0.contains { $0.contains("\"rpf-drop\"") } }
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems
        if !isThere { problems.append("there was no drop") }
        let changes = told(events, of: testbed, isSeen: seesWriters(events))
        let writer = seesWriters(events) ? "udev-like" : "anybody"
        if changes != ["net.ipv4.conf.a0.rp_filter 2>1 \(writer)"] { problems.append("the changes are \(changes)") }
        if events.findings.first?["rpf.factors"]?.array?.contains("value_overwritten") != true {
            problems.append("the finding is \(events.findings)")
        }
        return problems
    }

    private static func unannounced() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try testbed.send(traffic)
        guard trace.read(within: 20, until: { $0.contains { $0.contains("\"rpf-drop\"") } }) else {
            throw LabError("there was no drop")
        }
        let before = monotonicSeconds()
        try testbed.host.writeSysctls([("net/ipv4/conf/a0/accept_local", "1")], as: "tuned")
        let isTold = trace.read(within: 15) { $0.contains { $0.contains("conf.a0.accept_local") } }
        let seconds = monotonicSeconds() - before
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems
        let changes = told(events, of: testbed, isSeen: seesWriters(events)).filter { $0.contains("accept_local") }
        let writer = seesWriters(events) ? "tuned" : "anybody"
        if !isTold || changes != ["net.ipv4.conf.a0.accept_local 0>1 \(writer)"] {
            problems.append("the changes are \(changes)")
        }
        if seesWriters(events) && seconds > 3 { problems.append("it took \(seconds) s to be told") }
        return problems
    }
}
