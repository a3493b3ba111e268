// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Dropped packets that have no device, or something else in its place.
package enum ForeignDevices {
    package static let procedures: [Procedure] = [
        Procedure(
            "packets without a device, or with a socket's notes in its place, are dropped: they are nobody's, and nothing breaks",
            requires: [.tool("nft")]
        ) { try dropped() }
    ]

    private static func dropped() throws -> [String] {
        let testbed = try Testbed()
        try testbed.apply([
            .rpFilter("a0", 1), .virtualAddressOnLoopback,
            .clientDropsItsDatagrams,
        ])
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        let before = try KernelCounters(of: testbed.host)
        try UDPSink(port: 0, in: testbed.client).storm(to: hostOnA, count: 500)
        try closeUnread(testbed)
        try testbed.send(.packets(.udp(from: asymmetric, to: virtualAddress)))

        let growth = try testbed.settledCounters() - before
        let events = TraceEvents(try trace.interruptAndFinish())
        var problems = events.problems + events.totalsProblems
        if growth.delivered != queued { problems.append("\(growth.delivered) datagrams were delivered, not \(queued)") }
        if growth.reversePathFilter != 3 || events.end?["rpf.drops"] != 3 || events.drops.count != 3 {
            problems.append("the kernel counted \(growth.reversePathFilter), the totals are \(events.end ?? .null)")
        }
        return problems
    }

    private static let queued = 100

    /// Datagrams for a socket that is closed before it reads them. While they wait, UDP keeps their length and whether they
    /// are in one piece where the device was (udp_set_dev_scratch): an address that is nobody's when they are, one of a
    /// process when they are not.
    private static func closeUnread(_ testbed: Testbed) throws {
        let sink = try UDPSink(port: 4_000, in: testbed.host)
        let whole = IPv4Packet.udp(from: neighbor, to: hostOnA, port: 4_000)
        let pieces = IPv4Packet.udp(
            from: neighbor, to: hostOnA, port: 4_000, payload: [UInt8](repeating: 0x2A, count: 1_600))
        try withExtendedLifetime(sink) {
            try testbed.send(.packets(whole, times: queued / 2))
            for identification in 0..<UInt16(queued / 2) {
                var datagram = pieces
                datagram.identification = identification
                try testbed.send(.packets(datagram.fragments(of: 800), times: 1))
            }
            _ = try testbed.settledCounters()
        }
    }
}
