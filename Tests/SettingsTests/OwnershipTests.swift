// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Settings
import Testing

@Suite struct OwnershipTests {
    private func facts(_ lines: String..., all: Int32 = 0, own: Int32) -> NetworkFacts {
        var file = file("/etc/sysctl.d/60-lab.conf", "")
        file.lines = SysctlLine.relevant(in: lines.joined(separator: "\n").utf8) ?? []
        return NetworkFacts(
            namespace: NamespaceIdentity(inode: 1, isInitial: true), links: [Link(index: 2, name: "eth0")],
            configuration: NamespaceConfiguration(
                all: InterfaceConfiguration(rpFilter: all), interfaces: [2: InterfaceConfiguration(rpFilter: own)]),
            sysctlSources: SysctlSources(reader: .systemd(version: 252), files: [file]))
    }

    private func owner(_ facts: NetworkFacts) -> Owner? {
        Ownership(facts).owner(of: .rpFilter, .interface(2))
    }

    @Test func `a line owns the value that it sets`() {
        let facts = facts("# x", "net.ipv4.conf.eth0.rp_filter=2", own: 2)
        #expect(owner(facts) == Owner(source: "/etc/sysctl.d/60-lab.conf:2", value: 2))
        #expect(Ownership(facts).owner(of: .rpFilter, .all) == Owner(source: Owner.kernelDefault, value: 0))
    }

    @Test func `a copy of default is the line's for new interfaces`() {
        let facts = facts("net.ipv4.conf.default.rp_filter=2", own: 2)
        #expect(owner(facts)?.source == "/etc/sysctl.d/60-lab.conf:1, the default for new interfaces")
    }

    @Test func `another value than the files say was set by somebody`() {
        let facts = facts("net.ipv4.conf.eth0.rp_filter=2", own: 1)
        #expect(owner(facts)?.source == "set by hand or by a program (/etc/sysctl.d/60-lab.conf:1 says 2)")
        #expect(owner(self.facts(own: 1))?.source == Owner.unknown)
    }

    @Test func `outside the initial namespace nothing is known`() {
        var facts = facts(own: 1)
        facts.sysctlSources = nil
        #expect(owner(facts) == nil)
    }

    @Test func `a value is overwritten when the files say another`() {
        func isOverwritten(_ lines: String, all: Int32, own: Int32) -> Bool {
            Ownership(facts(lines, all: all, own: own)).isOverwritten(.rpFilter, of: "eth0", all: all, own: own)
        }
        #expect(isOverwritten("net.ipv4.conf.eth0.rp_filter=2", all: 0, own: 1))
        #expect(isOverwritten("net.ipv4.conf.*.rp_filter=2\n-net.ipv4.conf.all.rp_filter", all: 0, own: 1))
        #expect(!isOverwritten("net.ipv4.conf.eth0.rp_filter=1", all: 0, own: 1))
        // No line is about it.
        #expect(!isOverwritten("net.ipv4.conf.default.rp_filter=2", all: 0, own: 1))
        // all decides, and the file does not say what all is.
        #expect(!isOverwritten("net.ipv4.conf.eth0.rp_filter=0", all: 1, own: 0))
        #expect(isOverwritten("net.ipv4.conf.all.rp_filter=0", all: 1, own: 0))
    }
}
