// SPDX-License-Identifier: Apache-2.0
package import Lab

/// ARP input asks the same check whether to answer: a refusal is silent, and no IP packet ever comes.
package enum AddressResolution {
    package static let procedures: [Procedure] = [
        Procedure("ARP under strict mode: no answer, and either it is attributed or the blind spot is named") {
            try refused()
        },
        Procedure(
            "a refused ARP request and the drop of another packet at the same skb address are two things",
            requires: [.freedBuffers]
        ) { try otherDropAfterwards(refusedAs: asymmetric, dropsAtBridge: false) },
        Procedure(
            "the same where neither the refusal nor the drop has a reason of its own",
            requires: [.freedBuffers, .linkType("bridge")]
        ) { try otherDropAfterwards(refusedAs: hostOnB, dropsAtBridge: true) },
    ]

    /// Each refusal is followed on its CPU by the drop of a packet that is never checked, in the buffer that the refused one
    /// has just left, with the very addresses that were refused.
    ///
    /// - Parameters:
    ///   - source: Who asks. rp_filter refuses the asymmetric client; one of the host's own addresses is refused without
    ///     a reason of its own before Linux 6.13.
    ///   - dropsAtBridge: The other packet comes in by the port of a bridge that is down, where the kernel drops it without a
    ///     reason; else it is for another host.
    private static func otherDropAfterwards(
        refusedAs source: String, dropsAtBridge: Bool
    ) throws -> ScenarioResult {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        if dropsAtBridge {
            try testbed.apply([.ip("link add br0 type bridge")])
            try Testbed.batch(
                """
                \(Testbed.veth("c0", "c1", peerIn: testbed.client))
                link set c0 master br0 up
                """, in: testbed.host)
            try Testbed.batch("link set c1 up", in: testbed.client)
        }
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let passer = try PacketSender(
            on: dropsAtBridge ? "c1" : "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        let before = try KernelCounters(of: testbed.host)
        var rounds = 0
        var reused = 0
        repeat {
            let freed = try FreedBuffers(onCPU: 0)
            try onCPU(0, realTime: rounds == 0) {
                try refuseAndDrop(as: source, sender, passer, rounds: Self.roundsAtOnce)
            }
            reused = try freed.dropsWhereAnotherWasConsumed()
            rounds += Self.roundsAtOnce
        } while reused < Self.roundsAtOnce && rounds < 10 * Self.roundsAtOnce
        let counted = try (testbed.settledCounters() - before).reversePathFilter
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems + events.totalsProblems
        if reused < Self.roundsAtOnce {
            problems.append("of the last drops \(reused) were in the buffer of a request: this provokes nothing")
        }
        let sight = Sight(tier: events.all.first?["rpf.trace.tier"]?.string ?? "")
        let isBlind = sight.blindSpots.contains(.arp)
        let isAttributed = source == asymmetric
        if counted != (isAttributed ? rounds : 0) { problems.append("IPReversePathFilter counted \(counted)") }

        let paths = Dictionary(grouping: events.drops) { $0["rpf.path"]?.string ?? "none" }.mapValues(\.count)
        // Sources that are refused without a reason of their own are seen by the verdict hook alone.
        let isSeen = isAttributed || !isBlind || sight.hasSourceReasons
        let expected = ["arp": isBlind ? 0 : rounds * 2, "input": isSeen ? rounds : 0].filter { $0.value > 0 }
        if paths != expected { problems.append("drops were reported by path \(paths), not \(expected)") }
        let attributed = isAttributed ? expected.values.reduce(0, +) : 0
        if events.end?["rpf.drops"] != .integer(attributed) {
            problems.append("the totals are not \(attributed) drops: \(events.end ?? .null)")
        }
        if !problems.isEmpty { return .failed(problems) }
        return isBlind ? .blind(Sight.BlindSpot.arp.rawValue) : .passed
    }

    private static let roundsAtOnce = 50

    private static func refuseAndDrop(
        as source: String, _ sender: PacketSender, _ passer: PacketSender, rounds: Int
    ) throws {
        for _ in 0..<rounds {
            var packet = IPv4Packet.udp(from: source, to: hostOnA)
            // A packet that is refused and dropped, of which nothing may be left either.
            try sender.send([packet], to: Testbed.ethernetAddress("a0"))
            try passer.send([packet], to: Testbed.ethernetAddress("b0"))
            // An IP id of zero, and what stands in its place in an ARP packet.
            for identification in [0, 0x0604] as [UInt16] {
                packet.identification = identification
                _ = try sender.resolve(hostOnA, as: source, within: 0)
                try passer.send([packet], to: Testbed.ethernetAddress("b0"))
            }
        }
    }

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
