// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Testing

/// Values that somebody changes while they are watched.
@Suite struct OverwriteTests {
    private static let udev = SettingWriter(process: SettingWriter.Process(id: 812, command: "udev\u{1B}x"))

    private func effects(_ changes: [SettingChange], isInitial: Bool = true) -> [String] {
        let problem = Problem(
            .wrongInterface, of: packet(from: Lab.asymmetric, to: Lab.local),
            in: host { lab in
                lab[Lab.a0].rpFilter = 1
                lab.facts.settingChanges = changes
                if !isInitial { lab.facts.namespace = NamespaceIdentity(inode: 7, name: "blue") }
            })
        let fix = problem.advice.fix
        #expect(fix.id == .interfaceLoose)
        return fix.sideEffects.filter { $0.contains("while this was traced") }
    }

    private func change(
        _ scope: InterfaceName, _ key: InterfaceSysctl, _ before: Int32?, _ after: Int32, _ writer: SettingWriter?
    ) -> SettingChange {
        SettingChange(Setting(scope, key), before: before, after: after, time: 1, writer: writer)
    }

    @Test func `whoever changed the value that a fix sets is named`() {
        #expect(
            effects([change("a0", .rpFilter, 2, 1, Self.udev)]) == [
                "udev\\x1bx (pid 812) changed net.ipv4.conf.a0.rp_filter from 2 to 1 while this was traced, and will"
                    + " overwrite the value again unless the persistent form is in place, and it reads that."
            ])
        #expect(
            effects([change("a0", .rpFilter, nil, 1, nil)], isInitial: false) == [
                "Something changed net.ipv4.conf.a0.rp_filter to 1 while this was traced, and will overwrite the value"
                    + " again unless it is told otherwise."
            ])
    }

    @Test func `who set what the fix sets, or something else, is not`() {
        #expect(effects([change("a0", .rpFilter, 1, 2, Self.udev)]).isEmpty)
        #expect(effects([change("b0", .rpFilter, 2, 1, Self.udev)]).isEmpty)
        #expect(effects([change("a0", .acceptLocal, 1, 0, Self.udev)]).isEmpty)
        var own = Self.udev
        own.isOwn = true
        #expect(effects([change("a0", .rpFilter, 2, 1, own)]).isEmpty)
    }
}
