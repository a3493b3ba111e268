// SPDX-License-Identifier: Apache-2.0
package import Lab

/// ARP input asks the same check whether to answer: a refusal is silent, and no IP packet ever comes.
package enum AddressResolution {
    package static let procedures: [Procedure] = [
        Procedure("ARP under strict mode: no answer, and either it is attributed or the blind spot is named") {
            try refused()
        }
    ]

    private static func refused() throws -> ScenarioResult {
        let testbed = try Testbed()
        let sender = try PacketSender(
            on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        var problems: [String] = []
        func expectAnswer(_ expected: Bool, mode: Int) throws {
            try testbed.apply([.rpFilter("a0", mode)])
            if try sender.resolve(hostOnA, as: asymmetric) != expected {
                problems.append("rp_filter \(mode): \(expected ? "no answer" : "an answer") to ARP")
            }
        }
        for mode in [0, 2] { try expectAnswer(true, mode: mode) }
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        try expectAnswer(false, mode: 1)
        let counted = try KernelCounters(of: testbed.host).reversePathFilter
        if counted != 0 { problems.append("IPReversePathFilter counted \(counted) ARP refusals") }
        let events = TraceEvents(try trace.interruptAndFinish())
        problems += events.problems + events.totalsProblems
        let sight = Sight(tier: events.all.first?["rpf.trace.tier"]?.string ?? "")
        problems += sight.problems(ofStart: events.all.first)
        let isBlind = sight.blindSpots.contains(.arp)
        if isBlind {
            if !events.drops.isEmpty || events.end?["rpf.drops"] != 0 {
                problems.append("drops were reported: \(events.drops)")
            }
        } else if events.drops.map({ $0["rpf.path"] }) != ["arp"] || events.end?["rpf.drops"] != 1 {
            problems.append("the refusal is not reported: \(events.drops)")
        }
        if !problems.isEmpty { return .failed(problems) }
        return isBlind ? .blind(Sight.BlindSpot.arp.rawValue) : .passed
    }
}
