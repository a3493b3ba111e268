// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Reports
import Testing

@Suite struct OutputTests {
    private func text(_ events: [Event], _ format: OutputFormat = .text, showsDrops: Bool = true) -> String {
        var output = Output(format, showsDrops: showsDrops, style: .plain)
        return String(decoding: events.flatMap { output.render($0) }, as: UTF8.self)
    }

    @Test func dropsAreAlignedLinesUnderOneHeader() {
        var short = Samples.packet
        short.transport = .icmp
        short.sourcePort = nil
        short.destinationPort = nil
        var unknown = Samples.attribution
        unknown.cause = nil
        unknown.reverse = nil
        var none = Samples.attribution
        none.cause = .noRoute
        none.reverse = ReverseRoute(kind: "none")
        var blackhole = none
        blackhole.reverse = ReverseRoute(kind: "blackhole", table: 100)
        let other = DropAttribution(
            attributed: false, cause: .other, certainty: Certainty(attributed: .observed, cause: .observed))
        expectSnapshot(
            "follow",
            text([
                Samples.drop(), Samples.drop(packet: short, attribution: none),
                Samples.drop(interface: "a;b$(c)", namespace: Samples.blue, attribution: blackhole),
                Samples.drop(interface: InterfaceName(bytes: [0x1B, 0xFF]), namespace: Samples.web),
                Samples.drop(namespace: NamespaceIdentity(inode: 4_026_532_999), attribution: unknown),
                Samples.drop(attribution: other, reason: "TCP_INVALID_SEQUENCE", findingID: nil),
                Samples.drop(),
            ]))
    }

    @Test func theReportComesWithTheEnd() {
        let live = text(Samples.run)
        #expect(live.hasPrefix("TIME (UTC)"))
        #expect(live.contains("\n\nrpfwatch on web-1: rp_filter dropped 1,204 packets"))
        #expect(text(Array(Samples.run.dropLast()), showsDrops: false).isEmpty)
    }

    @Test func withoutFollowJSONCarriesEverythingButDrops() {
        let lines = text(Samples.run, .json, showsDrops: false).split(separator: "\n")
        #expect(lines.count == Samples.run.count - 1)
        #expect(!lines.contains { $0.contains("rpf-drop") })
        // The numbers have no gap where a drop was left out.
        for (index, line) in lines.enumerated() { #expect(line.contains("\"sequence\":\(index + 1),")) }
        #expect(text(Samples.run, .json).split(separator: "\n").count == Samples.run.count)
    }

    @Test func theStatusLineFitsTheTerminal() {
        let status = StatusLine(
            elapsed: 12_900_000_000, drops: 1204, lost: 3,
            rates: [
                StatusLine.Rate(namespace: nil, interface: "eth1", perSecond: 2),
                StatusLine.Rate(namespace: "blue", interface: "eth0", perSecond: 1340),
            ])
        func line(_ width: Int) -> String {
            String(status.render(width: width, style: .plain).dropFirst(StatusLine.erase.count))
        }
        let start = "12 s  1,204 rp_filter drops"
        #expect(line(120) == start + "  3 without detail  blue/eth0 1,340/s  eth1 2/s  Ctrl-C: report")
        #expect(line(82) == start + "  3 without detail  blue/eth0 1,340/s  Ctrl-C: report")
        #expect(line(80) == start + "  3 without detail  Ctrl-C: report")
        #expect(line(30) == start + " …")
        for width in 0..<120 { #expect(line(width).count <= max(0, width - 1)) }
        let first = StatusLine(elapsed: 0, drops: 1).render(width: 80, style: .plain)
        #expect(first == StatusLine.erase + "0 s  1 rp_filter drop  Ctrl-C: report")
    }
}
