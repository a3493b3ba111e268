// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Testing

/// Who changed which sysctl, from writes, announcements and snapshots.
@Suite struct SettingJournalTests {
    private static let inode = Lab().facts.namespace.inode
    private static let second: UInt64 = 1_000_000_000
    private static let ownProcess: Int32 = 99
    private static let mode = Setting("a0", .rpFilter)
    private static let accept = Setting("a0", .acceptLocal)

    private func write(
        _ setting: Setting, _ before: Int32?, _ after: Int32?, by command: String, id: Int32 = 812,
        at time: UInt64 = 10 * second
    ) -> SysctlWrite {
        SysctlWrite(
            namespaceInode: Self.inode, time: time, scope: setting.scope, key: setting.key.rawValue, before: before,
            after: after, process: SysctlWrite.Process(id: id, command: command),
            parent: SysctlWrite.Process(id: 1, command: "systemd"))
    }

    private func announced(
        _ setting: Setting, _ before: Int32?, _ after: Int32, at time: UInt64 = 10 * second + 1000
    ) -> FactsChange {
        FactsChange(namespace: Self.inode, SettingChange(setting, before: before, after: after, time: time))
    }

    private func facts(at time: UInt64, _ change: (inout Lab) -> Void = { _ in }) -> NetworkFacts {
        var lab = Lab()
        lab.facts.time = time
        change(&lab)
        return lab.facts
    }

    private func journal() -> SettingJournal { SettingJournal(ownProcess: Self.ownProcess) }

    private func text(_ change: FactsChange?) -> String? {
        change.map { change in
            let writer = change.setting?.writer
            let by = writer.map { $0.isOwn ? " by itself" : " by \($0.process.command)" } ?? ""
            return "\(change.object): \(change.before ?? "?") > \(change.after ?? "?")\(by)"
        }
    }

    @Test func `an announced value is told with who wrote it`() {
        var journal = journal()
        #expect(journal.note(write(Self.mode, 2, 1, by: "systemd-sysctl")) == nil)
        let told = journal.note(announced(Self.mode, 2, 1))
        #expect(text(told) == "net.ipv4.conf.a0.rp_filter: 2 > 1 by systemd-sysctl")
        #expect(told?.setting?.time == 10 * Self.second)
        #expect(told?.setting?.writer?.parent == SettingWriter.Process(id: 1, command: "systemd"))
        #expect(journal.changes(in: Self.inode).map(\.after) == [1])
    }

    @Test func `an announced value that nobody was seen to write has no writer`() {
        var journal = journal()
        #expect(text(journal.note(announced(Self.mode, 2, 1))) == "net.ipv4.conf.a0.rp_filter: 2 > 1")
        // Of another value, another key and another interface.
        _ = journal.note(write(Self.mode, 1, 0, by: "x"))
        _ = journal.note(write(Setting("b0", .rpFilter), 0, 2, by: "x"))
        _ = journal.note(write(Setting("a0", .forwarding), 0, 2, by: "x"))
        #expect(text(journal.note(announced(Self.mode, 1, 2))) == "net.ipv4.conf.a0.rp_filter: 1 > 2")
    }

    @Test func `each of several changes has its own writer`() {
        var journal = journal()
        for (before, after, who) in [(0, 2, "admin"), (2, 1, "udev"), (1, 2, "admin2"), (2, 1, "udev2")] {
            _ = journal.note(write(Self.mode, Int32(before), Int32(after), by: who))
        }
        let told = [(0, 2), (2, 1), (1, 2), (2, 1)].map { before, after in
            journal.note(announced(Self.mode, Int32(before), Int32(after)))?.setting?.writer?.process.command
        }
        #expect(told == ["admin", "udev", "admin2", "udev2"])
    }

    @Test func `a write of what is there already is nobody's change`() {
        var journal = journal()
        _ = journal.note(write(Self.mode, 1, 1, by: "idle"))
        _ = journal.note(write(Self.mode, 0, nil, by: "garbage"))
        _ = journal.note(write(Self.mode, 2, 1, by: "real"))
        #expect(journal.note(announced(Self.mode, 2, 1))?.setting?.writer?.process.command == "real")
    }

    @Test func `a write whose announcement never came is not taken for a later one's`() {
        var journal = journal()
        _ = journal.note(write(Self.mode, 0, 1, by: "old", at: Self.second))
        #expect(journal.note(announced(Self.mode, 0, 1, at: 10 * Self.second))?.setting?.writer == nil)
    }

    @Test func `a value that the kernel does not announce is told by the write`() {
        var journal = journal()
        let told = journal.note(write(Self.accept, 0, 1, by: "tuned"))
        #expect(text(told) == "net.ipv4.conf.a0.accept_local: 0 > 1 by tuned")
        // The snapshot that follows says nothing new, nor does a switch that is on written as another number.
        #expect(journal.note(facts(at: 11 * Self.second) { $0[Lab.a0].acceptLocal = true }) == [])
        #expect(journal.note(write(Self.accept, 1, 7, by: "tuned")) == nil)
    }

    @Test func `what nobody told of is told by the snapshot`() {
        var journal = journal()
        #expect(journal.note(facts(at: Self.second)) == [])
        #expect(journal.note(facts(at: 2 * Self.second)) == [])
        let told = journal.note(
            facts(at: 3 * Self.second) {
                $0[Lab.a0].srcValidMark = true
                $0[0].acceptLocal = true
            })
        #expect(
            Set(told.compactMap(text)) == [
                "net.ipv4.conf.a0.src_valid_mark: 0 > 1", "net.ipv4.conf.all.accept_local: 0 > 1",
            ])
    }

    @Test func `an interface that followed default has the writer of default`() {
        var journal = journal()
        _ = journal.note(facts(at: Self.second))
        _ = journal.note(write(Setting("default", .rpFilter), 0, 1, by: "sysctl"))
        #expect(
            text(journal.note(announced(Setting("default", .rpFilter), 0, 1)))
                == "net.ipv4.conf.default.rp_filter: 0 > 1 by sysctl")
        let told = journal.note(
            facts(at: 11 * Self.second) {
                $0.facts.configuration.default.rpFilter = 1
                $0[Lab.b0].rpFilter = 1
            })
        #expect(told.compactMap(text) == ["net.ipv4.conf.b0.rp_filter: 0 > 1 by sysctl"])
    }

    @Test func `forwarding of every interface is written through all`() {
        var journal = journal()
        _ = journal.note(write(Setting("all", .forwarding), 0, 1, by: "dockerd"))
        for scope: InterfaceName in ["all", "default", "a0", "b0"] {
            let told = journal.note(announced(Setting(scope, .forwarding), 0, 1))
            #expect(told?.setting?.writer?.process.command == "dockerd", "\(scope)")
        }
    }

    @Test func `a write to all is one change of all`() {
        var journal = journal()
        let all = Setting("all", .rpFilter)
        _ = journal.note(write(all, 0, 1, by: "sysctl"))
        #expect(text(journal.note(announced(all, 0, 1)))?.hasSuffix("0 > 1 by sysctl") == true)
        // Set by netlink twice, which nobody was seen to write.
        #expect(text(journal.note(announced(all, 1, 0)))?.hasSuffix("1 > 0") == true)
        #expect(text(journal.note(announced(all, 0, 1)))?.hasSuffix("0 > 1") == true)
    }

    @Test func `nothing is told twice, whichever comes first`() {
        var journal = journal()
        _ = journal.note(facts(at: Self.second) { $0[Lab.a0].rpFilter = 2 })
        _ = journal.note(write(Self.mode, 2, 1, by: "udev"))
        _ = journal.note(write(Self.mode, 1, 2, by: "admin"))
        // The snapshot is of after all of it, the announcements are read later: nothing has changed by then.
        #expect(journal.note(facts(at: 11 * Self.second) { $0[Lab.a0].rpFilter = 2 }) == [])
        #expect(text(journal.note(announced(Self.mode, 2, 1)))?.hasSuffix("2 > 1 by udev") == true)
        #expect(text(journal.note(announced(Self.mode, 1, 2)))?.hasSuffix("1 > 2 by admin") == true)

        _ = journal.note(write(Self.mode, 2, 1, by: "udev", at: 20 * Self.second))
        let seen = journal.note(facts(at: 21 * Self.second) { $0[Lab.a0].rpFilter = 1 })
        #expect(seen.compactMap(text) == ["net.ipv4.conf.a0.rp_filter: 2 > 1 by udev"])
        #expect(journal.note(announced(Self.mode, 2, 1, at: 21 * Self.second)) == nil)
        #expect(journal.changes(in: Self.inode).map(\.after) == [1, 2, 1])
    }

    @Test func `a change from before the first snapshot is told all the same`() {
        var journal = journal()
        _ = journal.note(facts(at: Self.second) { $0[Lab.a0].rpFilter = 1 })
        #expect(text(journal.note(announced(Self.mode, 2, 1, at: Self.second)))?.hasSuffix("2 > 1") == true)
    }

    @Test func `a snapshot from before a change does not take it back`() {
        var journal = journal()
        _ = journal.note(facts(at: Self.second))
        _ = journal.note(write(Self.accept, 0, 1, by: "tuned", at: 5 * Self.second))
        #expect(journal.note(facts(at: 5 * Self.second - 1)) == [])
        #expect(journal.note(facts(at: 5 * Self.second + 1)) == [])
        // The next one counts: what was written was not taken.
        #expect(
            journal.note(facts(at: 7 * Self.second)).compactMap(text) == ["net.ipv4.conf.a0.accept_local: 1 > 0"])
    }

    @Test func `an interface that comes back begins anew`() {
        var journal = journal()
        _ = journal.note(facts(at: Self.second) { $0[Lab.a0].rpFilter = 1 })
        _ = journal.note(FactsChange(namespace: Self.inode, kind: .link, object: "a0", before: "up"))
        #expect(journal.note(facts(at: 2 * Self.second)) == [])
        _ = journal.note(facts(at: 3 * Self.second) { $0.facts.links.removeLast() })
        #expect(journal.note(facts(at: 4 * Self.second) { $0[Lab.b0].rpFilter = 2 }) == [])
    }

    @Test func `rpfwatch's own writes are known as such, and those of what it starts`() {
        var journal = journal()
        _ = journal.note(write(Self.mode, 1, 2, by: "rpfwatch", id: Self.ownProcess))
        #expect(text(journal.note(announced(Self.mode, 1, 2))) == "net.ipv4.conf.a0.rp_filter: 1 > 2 by itself")
        var guarding = write(Self.mode, 2, 1, by: "guard", id: 100)
        guarding.parent.id = Self.ownProcess
        _ = journal.note(guarding)
        #expect(text(journal.note(announced(Self.mode, 2, 1))) == "net.ipv4.conf.a0.rp_filter: 2 > 1 by itself")
        #expect(journal.changes(in: Self.inode).foreign([.rpFilter], on: "a0").isEmpty)
    }

    @Test func `other changes pass, and what is kept is bounded`() {
        var journal = journal()
        let route = FactsChange(namespace: Self.inode, kind: .route, object: "default table main", after: "dev a0")
        #expect(journal.note(route) == route)
        for number in 0..<100 {
            _ = journal.note(announced(Self.mode, Int32(number), Int32(number + 1)))
        }
        #expect(journal.changes(in: Self.inode).map(\.after) == Array(100 - 31...100).map(Int32.init))
        journal.remove(Self.inode)
        #expect(journal.changes(in: Self.inode).isEmpty)
    }
}
