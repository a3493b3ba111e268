// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Many sources, real or forged: what is known of them is told, and what is advised does not follow from their number.
package enum ForgedSources {
    package static let procedures: [Procedure] = [
        Procedure("many sources are no suspicion, sources of another wire are: both with evidence") {
            try manySources()
        }
    ]

    private static func manySources() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1), .virtualAddressOnLoopback])
        let routed = (1...64).map { IPv4Packet.udp(from: "203.0.113.\($0)", to: virtualAddress) }
        let foreign = (11...20).map { IPv4Packet.udp(from: "198.51.100.\($0)", to: virtualAddress) }
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try testbed.send(.packets(routed + foreign, times: 1))
        _ = trace.read(within: 20) { $0.filter { $0.contains("\"rpf-drop\"") }.count >= 74 }
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems + events.totalsProblems
        for (packets, isForged) in [(routed, false), (foreign, true)] {
            let count = JSONValue.integer(packets.count)
            guard let finding = events.findings.first(where: { $0["rpf.drops"] == count }) else {
                problems.append("there is no finding of \(packets.count) drops: \(events.findings)")
                continue
            }
            let expected: [String: JSONValue] = [
                "sources": count, "estimated": false, "networks_8": 1, "networks_16": 1, "packets": count,
                "suspect_packets": isForged ? count : 0, "ttl_min": 64, "ttl_max": 64, "macs": 1,
                "looked_up_sources": count, "connected_sources": 0,
            ]
            for (key, value) in expected.sorted(by: { $0.key < $1.key }) where finding["rpf.spoofing.\(key)"] != value {
                problems.append(
                    "\(packets.count) drops: \(key) is \(finding["rpf.spoofing.\(key)"] ?? .null), not \(value)")
            }
            let isSuspected = finding["rpf.factors"]?.array?.contains("spoof_suspected") ?? false
            if isSuspected != isForged { problems.append("the factors are \(finding["rpf.factors"] ?? .null)") }
            if (finding["rpf.fix.id"] == "none") != isForged {
                problems.append("the fix is \(finding["rpf.fix"] ?? .null)")
            }
        }
        return problems
    }
}
