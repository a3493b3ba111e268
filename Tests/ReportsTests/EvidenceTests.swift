// SPDX-License-Identifier: Apache-2.0
import Facts
import Foundation
import Packets
import Reports
import Testing

/// What a report says about values that changed and sources that may be forged.
@Suite struct EvidenceTests {
    private func text(_ finding: FindingReport) -> String {
        let report = RunReport(origin: Samples.origin, findings: [finding])
        let lines = TextReport.render([report], style: .plain).split(separator: "\n")
        return lines.map { $0.drop { $0 == " " } }.joined(separator: " ")
    }

    @Test func `who overwrote what is said, and how soon after whom`() {
        let text = text(Samples.overwritten)
        #expect(
            text.contains(
                "net.ipv4.conf.eth0.rp_filter from 1 to 2 by sysctl (pid 4711, started by tuned, pid 700) at 10:00:03 UTC"
            ))
        #expect(
            text.contains(
                "net.ipv4.conf.eth0.rp_filter from 2 to 1 by systemd-sysc\\x1b[1m (pid 812), 40 ms after sysctl (pid 4711,"
                    + " started by tuned, pid 700) had set it to 2"))
        #expect(text.contains("net.ipv4.conf.all.rp_filter to -1 at 10:00:05 UTC."))
    }

    @Test func `of many changes the latest are told and the others counted`() {
        var finding = Samples.overwritten
        finding.changedValues = (0..<5).map {
            FindingReport.ChangedValue(
                setting: "net.ipv4.conf.eth0.rp_filter", before: $0, after: $0 + 1, time: Samples.seconds(Double($0)))
        }
        let text = text(finding)
        #expect(text.contains("from 2 to 3, 1 s after it had been set to 2;"))
        #expect(text.contains("(and 2 changes before that)"))
        #expect(!text.contains("from 1 to 2"))
    }

    @Test func `evidence for forged sources is one sentence`() {
        #expect(
            text(Samples.overwritten).contains(
                "Are the sources real? about 5,321 source addresses in about 4,900 /16 networks and 200 /8 networks, 1 packets"
                    + " from each, 12 of 5,400 packets from addresses that do not belong there, TTL 9 to 250, 2 senders on the"
                    + " wire, no reply traffic: this host has no TCP connection with any of the 256 heaviest."))
    }

    @Test func `a few sources that belong there are not worth a sentence`() {
        var finding = Samples.overwritten
        finding.spoofing = SpoofingEvidence(
            sources: 31, isEstimate: false, networks8: 1, networks16: 1, packets: 62, suspectPackets: 0,
            timeToLive: 64...64,
            stations: 1, lookedUp: nil, connected: nil)
        #expect(!text(finding).contains("Are the sources real?"))
        finding.spoofing?.sources = 32
        finding.spoofing?.lookedUp = 32
        finding.spoofing?.connected = 3
        #expect(
            text(finding).contains(
                "32 source addresses in 1 /16 network and 1 /8 network, 1.9 packets from each, TTL 64, 1 sender on the wire,"
                    + " this host has TCP connections with 3 of them."))
    }

    @Test func `a change is one line for who follows`() {
        let change = ConfigChange(
            kind: .sysctl, object: "net.ipv4.conf.e\u{1B}.rp_filter", before: "2", after: "1", namespace: Samples.blue,
            writer: Samples.writer)
        #expect(
            change.hint
                == "sysctl net.ipv4.conf.e\\x1b.rp_filter changed from 2 to 1, written by sysctl (pid 4711, started by tuned,"
                + " pid 700) in network namespace blue")
    }

    @Test func `all of it stands in JSON`() throws {
        let json = try parsed(Samples.event(.finding(Samples.overwritten)))
        let changes = try #require(value(json, "rpf.changed_values") as? [[String: Any]])
        let writer = try #require(changes[0]["writer"] as? [String: Any])
        #expect(writer["pid"] as? Int == 4711 && writer["comm"] as? String == "sysctl")
        #expect(writer["exe"] as? String == "/usr/sbin/sysctl" && writer["own"] as? Bool == false)
        #expect((writer["parent"] as? [String: Any])?["pid"] as? Int == 700)
        #expect(changes[2]["writer"] is NSNull && changes[2]["before"] is NSNull)
        #expect(value(json, "rpf.spoofing.packets_per_source") as? Double == 1.0)
        #expect(value(json, "rpf.spoofing.connected_sources") as? Int == 0)
    }
}
