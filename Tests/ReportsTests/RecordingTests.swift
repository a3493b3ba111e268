// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Foundation
import Packets
import Reports
import Testing

/// The JSON lines of events, as one writer writes them.
func lines(_ events: [Event]) -> [UInt8] {
    var writer = JSONWriter()
    var octets: [UInt8] = []
    for event in events {
        writer.encode(event)
        octets += writer.line
    }
    return octets
}

/// Reads files that are given as octets, in pieces of `step`.
func recording(_ files: [[UInt8]], step: Int = 4096) -> Recording {
    var recording = Recording()
    for (index, file) in files.enumerated() {
        recording.begin(file: "file\(index + 1)")
        var rest = file[...]
        while !rest.isEmpty {
            recording.read(rest.prefix(step))
            rest = rest.dropFirst(step)
        }
        recording.end()
    }
    return recording
}

private func text(_ recording: Recording) -> String { TextReport.render(recording.reports(), style: .plain) }

/// What a live trace prints at its end.
private func liveText(_ events: [Event]) -> String {
    var output = Output(.text, showsDrops: false, style: .plain)
    return String(decoding: events.flatMap { output.render($0) }, as: UTF8.self)
}

@Suite struct RecordingTests {
    @Test func aRecordingGivesTheReportOfTheLiveTrace() {
        let recorded = recording([lines(Samples.run)])
        #expect(recorded.errors.isEmpty)
        #expect(text(recorded) == liveText(Samples.run))
    }

    /// All optional values missing, names that are not UTF-8, all causes.
    @Test func soDoesARecordingOfUnusualFindings() {
        var unusual = Samples.edgeCases.compactMap { event -> FindingReport? in
            if case .finding(let finding) = event.payload { finding } else { nil }
        }
        for (index, cause) in Cause.allCases.enumerated() {
            var finding = Samples.finding
            finding.cause = cause
            finding.factors = Factor.allCases
            finding.path = index % 2 == 0 ? .arp : .forward
            finding.interface = InterfaceName(bytes: [0x80, UInt8(index), 0x1B, 0x5C])
            finding.reverse?.interface = InterfaceName(bytes: [0xC3, 0x28])
            finding.fix.widens[0].interface = InterfaceName(bytes: [0xFE])
            finding.vrf = InterfaceName(bytes: [0xFF, 0x22])
            finding.namespace = [Samples.host, Samples.blue, Samples.web, NamespaceIdentity(inode: 5)][index % 4]
            finding.namespace.command = "a\"\\\u{1B}\u{202E}é"
            finding.mark = index % 2 == 0 ? 7 : nil
            finding.inferredFrom?.raced = true
            unusual.append(finding)
        }
        for index in unusual.indices { unusual[index].id = "id\(index)" }
        var start = Samples.startInfo
        start.missingPrivileges = [MissingPrivilege(capability: "CAP_SYSLOG", cost: "No \u{7}.")]
        start.filters = TraceFilters(interfaces: ["e*"], namespace: "b", source: "192.0.2.0/24", expression: "tcp")
        var end = Samples.end
        end.totals.kernel.max = 2000
        end.totals.kernel.counted = 1300
        let events =
            [Samples.event(.start(start))] + unusual.map { Samples.event(.finding($0)) } + [Samples.event(.end(end))]
        #expect(text(recording([lines(events)])) == liveText(events))
    }

    @Test func itDoesNotMatterHowTheOctetsArrive() {
        let octets = lines(Samples.run)
        for step in [1, 2, 3, 7, 100, 1500, octets.count] {
            #expect(text(recording([octets], step: step)) == liveText(Samples.run), "\(step)")
        }
    }

    @Test func theLastStateOfAFindingCounts() {
        var later = Samples.finding
        later.drops = 5000
        let events = Samples.run.dropLast() + [Samples.event(.finding(later)), Samples.run[Samples.run.count - 1]]
        #expect(text(recording([lines(Array(events))])).contains("(5,000 packets)"))
    }

    @Test func hostsAreReportedOneByOne() {
        let other = Samples.run.map { event in
            var event = event
            event.origin.host = "db-1"
            return event
        }
        let reports = recording([lines(Samples.run), lines(other)]).reports()
        #expect(reports.map(\.origin.host) == ["db-1", "web-1"])
        #expect(reports.allSatisfy { $0.findings.count == 2 && $0.totals?.drops == 1204 })
        // Lines of two hosts in one stream, as a log shipper delivers them.
        let mixed = zip(Samples.run, other).flatMap { [$0, $1] }
        #expect(recording([lines(mixed)]).reports() == reports)
    }

    @Test func runsOfOneHostAreAddedUp() throws {
        let later = Samples.run.map { event in
            var event = event
            event.time.nanoseconds += 3_600_000_000_000
            if case .end(var end) = event.payload {
                end.windowStart.nanoseconds += 3_600_000_000_000
                end.windowEnd.nanoseconds += 3_600_000_000_000
                event.payload = .end(end)
            }
            return event
        }
        let files = [lines(later), lines(Samples.run)]
        let report = try #require(recording(files).reports().first)
        #expect(report.runs == 2)
        #expect(report.totals?.drops == 2408)
        #expect(report.totals?.kernel.unexplained == 0)
        #expect(report.findings.map(\.drops).sorted() == [6, 2408])
        #expect(report.window?.observed == 60_000_000_000)
        #expect(!report.overlaps)
        #expect(text(recording(files)).contains("1 min in 2 runs"))
        // The same file twice: nothing tells that it is one, but the times overlap.
        #expect(text(recording([files[0], files[0]])).contains("overlap in time"))
    }

    @Test func whatComesAfterAnEndIsAnotherRun() {
        #expect(recording([lines(Samples.run + Samples.run)]).reports().map(\.runs) == [2])
        let late = recording([lines(Samples.run + [Samples.run[5]])]).reports()
        #expect(late.map(\.runs) == [2])
        #expect(late.map(\.unfinishedRuns) == [1])
    }

    @Test func aRotatedRecordingIsOneRunWhateverTheOrderOfItsFiles() {
        let parts = [Array(Samples.run[..<4]), Array(Samples.run[4...])].map(lines)
        #expect(text(recording(parts)) == liveText(Samples.run))
        #expect(text(recording(parts.reversed())) == liveText(Samples.run))
    }

    @Test func withoutAnEndTheLastTotalsCountAndTheReportSaysSo() {
        let text = text(recording([lines(Array(Samples.run.dropLast()))]))
        #expect(text.contains("has no end"))
        #expect(text.contains("1,204 packets"))
        expectSnapshot("no-end", text)
    }

    @Test func singleDropsAreCountedByPlaceAndCause() {
        let drops = [
            Samples.drop(), Samples.drop(), Samples.drop(interface: "eth1", namespace: Samples.blue),
            Samples.drop(interface: InterfaceName(bytes: [0xFF]), namespace: Samples.web),
        ]
        expectSnapshot("drops-only", text(recording([lines(drops)])))
    }

    @Test func cutAnywhereItNeitherCrashesNorLosesWhatStandsBefore() {
        var before = Recording()
        before.begin(file: "cut")
        for (number, line) in Samples.run.map({ lines([$0]) }).enumerated() {
            for length in 1..<line.count {
                var cut = before
                cut.read(line[..<length])
                cut.end()
                let isWhole = length == line.count - 1
                #expect(cut.errors.map(\.problem) == (isWhole ? [] : [.truncated]), "\(number), \(length)")
                #expect(cut.errors.allSatisfy { $0.line == number + 1 }, "\(number), \(length)")
                #expect(cut.reports().count == (number > 0 || isWhole ? 1 : 0), "\(number), \(length)")
            }
            before.read(line[...])
        }
        before.end()
        #expect(text(before) == liveText(Samples.run))
    }

    @Test func everyOctetMayBeWrong() {
        let octets = lines([Samples.event(.finding(Samples.finding))])
        for index in stride(from: 0, to: octets.count, by: 5) {
            for wrong in [0x00, 0x22, 0x7B, 0x5D, 0xFF, 0x39] as [UInt8] {
                var broken = octets
                broken[index] = wrong
                _ = text(recording([broken]))
            }
        }
    }

    @Test(arguments: [
        ("hello\n", "file1:1: not JSON from octet 1 on; the line was left out"),
        ("[1,2]\n", "file1:1: not JSON from octet 1 on; the line was left out"),
        ("{\"a\":1}}\n\n{\n", "file1:1: not JSON from octet 8 on; the line was left out (and 1 further line)"),
        (
            "{\"a\":",
            "file1:1: the line is cut off; the recording was interrupted there, what stands before it was used"
        ),
        (
            "",
            "file1: no event of rpfwatch in it; record one with `rpfwatch trace --json >FILE`"
        ),
        (
            "{\"event\":{\"action\":\"rpf-finding\"},\"service\":{\"name\":\"rpfwatch\"}}\n",
            "file1:1: the event lacks a usable @timestamp; it was left out"
        ),
        (
            "{\"@timestamp\":\"2026-08-01T10:00:00Z\",\"event\":{\"action\":\"stats\"},\"service\":{\"name\":\"rpfwatch\"},"
                + "\"rpf\":{\"drops\":-1}}\n",
            "file1:1: the event lacks a usable rpf.drops; it was left out"
        ),
    ])
    func aBadLineIsNamed(input: String, expected: String) {
        #expect(recording([Array(input.utf8)]).errors.map(\.description) == [expected])
    }

    @Test func nestingIsLimited() {
        let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000) + [UInt8(ascii: "\n")]
        #expect(recording([bomb]).errors.map(\.problem) == [.tooDeep])
    }

    @Test func aBadLineCostsOnlyItself() {
        var octets = lines(Array(Samples.run[..<2]))
        octets += Array("{\"@timesta{\"@timestamp\"\n".utf8)
        octets += [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000) + [UInt8(ascii: "\n")]
        octets += lines(Array(Samples.run[2...]))
        let recorded = recording([octets])
        #expect(text(recorded) == liveText(Samples.run))
        #expect(recorded.errors.map(\.line) == [3])
        #expect(recorded.errors.map(\.others) == [1])
    }

    @Test func aLineWithoutEndIsNotKept() {
        var recorded = Recording()
        recorded.begin(file: "endless")
        let piece = [UInt8](repeating: UInt8(ascii: "["), count: 65_536)
        for _ in 0..<200 { recorded.read(piece[...]) }
        recorded.end()
        #expect(recorded.errors.map(\.problem) == [.tooLong(limit: Recording.lineLimit)])
    }

    @Test func otherProgramsLinesAndLaterActionsAreNotErrors() {
        var octets = Array("{\"level\":\"info\",\"event\":{\"action\":\"start\"}}\n".utf8)
        octets += lines(Samples.run)
        octets += Array("{\"event\":{\"action\":\"new-action\"},\"service\":{\"name\":\"rpfwatch\"}}\n".utf8)
        let recorded = recording([octets])
        #expect(recorded.errors.isEmpty)
        #expect(text(recorded) == liveText(Samples.run))
    }

    @Test func unknownFieldsAndFactorsAreIgnored() throws {
        let octets = String(decoding: lines(Samples.run), as: UTF8.self)
            .replacing("\"rpf\":{", with: "\"rpf\":{\"later\":[{\"x\":1e400}],")
            .replacing("\"factors\":[", with: "\"factors\":[\"a_later_factor\",")
        #expect(text(recording([Array(octets.utf8)])) == liveText(Samples.run))
    }

    @Test func aLaterSchemaIsNamed() {
        let octets = String(decoding: lines(Samples.run), as: UTF8.self)
            .replacing("\"schema_version\":1", with: "\"schema_version\":2")
        #expect(recording([Array(octets.utf8)]).errors.first?.problem == .newerSchema(2))
    }

    @Test func mergedFindingsCanBeWrittenAsEventsAgain() throws {
        let reports = recording([lines(Samples.run)]).reports()
        var output = Output(.json, showsDrops: false, style: .plain)
        let octets = output.render(reports)
        let again = recording([octets])
        #expect(again.errors.isEmpty)
        #expect(text(again) == liveText(Samples.run))
        let actions = try octets.split(separator: UInt8(ascii: "\n")).map {
            value(try JSONSerialization.jsonObject(with: Data($0)), "event.action") as? String
        }
        #expect(actions == ["start", "rpf-finding", "rpf-finding", "end"])
    }

    @Test func hostileNumbersDoNotOverflow() {
        var finding = Samples.finding
        finding.drops = .max
        finding.sources[0].drops = .max
        finding.destinations[0].drops = .max
        finding.lastSeen = finding.firstSeen
        var end = Samples.end
        end.totals.drops = .max
        end.totals.lost = .max
        end.totals.kernel = KernelReconciliation(
            counted: 0, ipReversePathFilter: .max, min: .max, max: .max, netnsWatched: .max, netnsUnreadable: .max)
        let events = [
            Samples.event(.start(Samples.startInfo)), Samples.event(.finding(finding)), Samples.event(.end(end)),
        ]
        _ = text(recording([lines(events), lines(events), lines(events)]))
    }
}
