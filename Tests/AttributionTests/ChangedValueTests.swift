// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Testing

/// Values that changed while tracing, in findings.
@Suite struct ChangedValueTests {
    private static let changes = [
        SettingChange(Setting("a0", .rpFilter), before: 2, after: 1, time: 1),
        SettingChange(Setting("b0", .rpFilter), before: 2, after: 1, time: 2),
        SettingChange(Setting("a0", .acceptLocal), before: 0, after: 1, time: 3),
        SettingChange(Setting("all", .srcValidMark), before: 0, after: 1, time: 4),
        SettingChange(Setting("all", .rpFilter), before: 0, after: 1, time: 5),
    ]

    private func finding(_ attribution: DropAttribution, mark: UInt32 = 0) -> Finding? {
        var table = FindingTable()
        _ = table.record(lab().drop(mark: mark), attribution: attribution, namespace: NamespaceIdentity(inode: 1))
        return table.findings.first
    }

    @Test func `only what decides about the packets is told, in the order of time`() throws {
        let plain = try #require(finding(lab().judge()))
        #expect(plain.changedValues(among: Self.changes).map(\.time) == [1, 5])
        let marked = try #require(finding(lab().judge(), mark: 1))
        #expect(marked.changedValues(among: Self.changes).map(\.time) == [1, 4, 5])
        let local = try #require(finding(lab(mode: 0).judge(.localSource, from: Lab.own)))
        #expect(local.changedValues(among: Self.changes).map(\.time) == [3])
        #expect(plain.changedValues(among: []).isEmpty)
    }

    @Test func `a change after the last drop gives the factor too, once and in its place`() throws {
        var judged = lab().judge()
        judged.factors = [.otherNetns, .spoofSuspected]
        var finding = try #require(self.finding(judged))
        finding.attribution.factors = judged.factors
        let noted = finding.noting(Self.changes)
        #expect(noted.attribution.factors == [.otherNetns, .valueOverwritten, .spoofSuspected])
        #expect(noted.noting(Self.changes) == noted)
        #expect(finding.noting([Self.changes[1]]) == finding)
    }

    @Test func `the factor is no part of a finding's identity`() throws {
        var judged = lab().judge()
        let id = finding(judged)?.id
        judged.factors.append(.valueOverwritten)
        #expect(finding(judged)?.id == id)
    }
}
