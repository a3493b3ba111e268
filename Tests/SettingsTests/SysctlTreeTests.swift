// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Settings
import Testing

/// A few files, and what they come to for an interface.
struct TreeCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var reader: SysctlSources.Reader
    var files: [SysctlFile]
    var interface: InterfaceName
    /// The value of rp_filter at boot, and for an interface that is created again.
    var atBoot: Int32
    var createdAgain: Int32
    /// The line behind the value at boot; nil for none.
    var place: String?

    init(
        _ name: String, _ reader: SysctlSources.Reader, _ files: [SysctlFile], _ interface: InterfaceName,
        _ atBoot: Int32, _ createdAgain: Int32? = nil, by place: String? = nil
    ) {
        testDescription = name
        self.reader = reader
        self.files = files
        self.interface = interface
        self.atBoot = atBoot
        self.createdAgain = createdAgain ?? atBoot
        self.place = place
    }

    init(
        _ name: String, _ files: [SysctlFile], _ interface: InterfaceName, _ atBoot: Int32,
        _ createdAgain: Int32? = nil, by place: String? = nil
    ) {
        self.init(name, systemd, files, interface, atBoot, createdAgain, by: place)
    }
}

private let systemd = SysctlSources.Reader.systemd(version: 252)
private let procps = SysctlSources.Reader.procps(version: "4.0.2")

func file(_ path: String, _ lines: String...) -> SysctlFile {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let directory = SysctlSources.directories.firstIndex { path == "\($0)/\(name)" }
    let relevant = SysctlLine.relevant(in: lines.joined(separator: "\n").utf8) ?? []
    return SysctlFile(directory: directory, name: name, kind: lines.isEmpty ? .masked : .regular, lines: relevant)
}

private func etc(_ name: String, _ lines: String...) -> SysctlFile {
    var result = file("/etc/sysctl.d/\(name)", "")
    result.lines = SysctlLine.relevant(in: lines.joined(separator: "\n").utf8) ?? []
    return result
}

private let explicit = "net.ipv4.conf.eth0.rp_filter=1"
private let glob = "net.ipv4.conf.*.rp_filter = 2"

private let treeCases: [TreeCase] = [
    TreeCase("nothing is the kernel's own value", [], "eth0", 0),
    TreeCase("a key", [etc("a.conf", explicit)], "eth0", 1, by: "/etc/sysctl.d/a.conf:1"),
    TreeCase(
        "the line is counted with comments", [etc("a.conf", "# x", "", explicit)], "eth0", 1,
        by: "/etc/sysctl.d/a.conf:3"),
    TreeCase("another interface", [etc("a.conf", explicit)], "eth1", 0),
    TreeCase("later file wins", [etc("a.conf", explicit), etc("b.conf", "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 2),
    TreeCase("later line wins", [etc("a.conf", explicit, "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 2),
    TreeCase(
        "names are sorted over the directories",
        [file("/usr/lib/sysctl.d/90-x.conf", explicit), etc("10-x.conf", "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 1,
        by: "/usr/lib/sysctl.d/90-x.conf:1"),
    TreeCase(
        "a file hides those of its name",
        [file("/usr/lib/sysctl.d/x.conf", explicit), file("/run/sysctl.d/x.conf", "net.ipv4.conf.eth0.rp_filter=2")],
        "eth0", 2),
    TreeCase(
        "an empty file masks", [file("/usr/lib/sysctl.d/x.conf", explicit), file("/etc/sysctl.d/x.conf")], "eth0", 0),
    TreeCase("a key beats a pattern that comes later", [etc("a.conf", explicit), etc("b.conf", glob)], "eth0", 1),
    TreeCase("a pattern", [etc("b.conf", glob)], "eth0", 2, by: "/etc/sysctl.d/b.conf:1"),
    TreeCase("a later pattern wins", [etc("a.conf", glob, "net.ipv4.conf.e*.rp_filter=1")], "eth0", 1),
    TreeCase("a pattern is about all as well", [etc("a.conf", glob)], "all", 2),
    TreeCase(
        "an exclusion keeps patterns off",
        [etc("a.conf", "-net.ipv4.conf.eth0.rp_filter", "-net.ipv4.conf.default.rp_filter", glob)], "eth0", 0),
    TreeCase(
        "an exclusion does not keep the copy of default off",
        [etc("a.conf", "-net.ipv4.conf.eth0.rp_filter", glob)], "eth0", 2),
    TreeCase("an exclusion keeps patterns off all", [etc("a.conf", "-net.ipv4.conf.all.rp_filter", glob)], "all", 0),
    TreeCase("an exclusion takes a key back", [etc("a.conf", explicit, "-net.ipv4.conf.eth0.rp_filter")], "eth0", 0),
    TreeCase("a pattern excludes nothing", [etc("a.conf", glob, "-net.ipv4.conf.e*.rp_filter")], "eth0", 2),
    TreeCase(
        "procps: a pattern excludes", .procps(version: "4.0.4"),
        [etc("a.conf", "net.ipv4.conf.eth[0-9].rp_filter=1", "-net.ipv4.conf.e*.rp_filter")], "eth0", 0),
    TreeCase(
        "procps: an exclusion takes nothing back", procps, [etc("a.conf", explicit, "-net.ipv4.conf.eth0.rp_filter")],
        "eth0", 1, 0),
    TreeCase("errors may be ignored", [etc("a.conf", "-net.ipv4.conf.eth0.rp_filter = 1")], "eth0", 1),
    TreeCase("slashes for dots", [etc("a.conf", "net/ipv4/conf/eth0.100/rp_filter=1")], "eth0.100", 1),
    TreeCase("a slash in a dotted key", [etc("a.conf", "net.ipv4.conf.eth0/100.rp_filter=1")], "eth0.100", 1),
    TreeCase("dots name another interface", [etc("a.conf", "net.ipv4.conf.eth0.100.rp_filter=1")], "eth0.100", 0),
    TreeCase("white space", [etc("a.conf", "\t net.ipv4.conf.eth0.rp_filter \t= \t1 \r")], "eth0", 1),
    TreeCase("no assignment", [etc("a.conf", "net.ipv4.conf.eth0.rp_filter 1")], "eth0", 0),
    TreeCase("a value the kernel refuses", [etc("a.conf", "net.ipv4.conf.eth0.rp_filter=on")], "eth0", 0),
    TreeCase("a hexadecimal value", [etc("a.conf", "net.ipv4.conf.eth0.rp_filter=0x2")], "eth0", 2),
    TreeCase("a comment behind a value", [etc("a.conf", "net.ipv4.conf.eth0.rp_filter=1 # strict")], "eth0", 1),
    TreeCase(
        "default is copied", [etc("a.conf", "net.ipv4.conf.default.rp_filter=1")], "eth0", 1,
        by: "/etc/sysctl.d/a.conf:1"),
    TreeCase(
        "a value of its own is no copy",
        [etc("a.conf", "net.ipv4.conf.default.rp_filter=1", "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 2),
    TreeCase(
        "lo has no udev", [etc("a.conf", "net.ipv4.conf.lo.rp_filter=0", "net.ipv4.conf.default.rp_filter=1")], "lo", 1,
        1),
    TreeCase("a file without .conf", [file("/etc/sysctl.d/a.cnf", explicit)], "eth0", 0),
    TreeCase("systemd passes over hidden files", [file("/etc/sysctl.d/.a.conf", explicit)], "eth0", 0),
    TreeCase("procps reads hidden files", procps, [file("/etc/sysctl.d/.a.conf", explicit)], "eth0", 1, 0),
    TreeCase("systemd has no sysctl.conf", [file("/etc/sysctl.conf", explicit)], "eth0", 0),
    TreeCase(
        "procps reads sysctl.conf last", procps,
        [file("/etc/sysctl.conf", explicit), etc("zz.conf", "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 1, 0,
        by: "/etc/sysctl.conf:1"),
    TreeCase(
        "procps 3.3.16 has /run first", .procps(version: "3.3.16"),
        [etc("a.conf", explicit), file("/run/sysctl.d/a.conf", "net.ipv4.conf.eth0.rp_filter=2")], "eth0", 2, 0),
    TreeCase("procps 3.3.17 has no patterns", .procps(version: "3.3.17"), [etc("a.conf", glob)], "eth0", 0),
    TreeCase("systemd 239 has no patterns", .systemd(version: 239), [etc("a.conf", glob)], "eth0", 0),
    TreeCase(
        "procps does nothing for new interfaces", procps,
        [etc("a.conf", explicit, "net.ipv4.conf.default.rp_filter=2")], "eth0", 1, 2),
]

@Suite struct SysctlTreeTests {
    @Test(arguments: treeCases) func `files come to`(_ one: TreeCase) throws {
        let tree = try #require(SysctlTree(SysctlSources(reader: one.reader, files: one.files)))
        let forecast = tree.forecast(of: .rpFilter, in: one.interface)
        #expect(forecast.atBoot.value == one.atBoot)
        #expect(forecast.whenCreatedAgain.value == one.createdAgain)
        if let place = one.place { #expect(forecast.atBoot.statement?.place == place) }
    }

    /// A value that is in force already is not written by systemd, so the kernel lets it follow `default` all the same.
    @Test func `a redundant line does not hold a value`() throws {
        let files = [etc("a.conf", "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.conf.default.rp_filter=1")]
        let modern = try #require(SysctlTree(SysctlSources(reader: systemd, files: files)))
        let forecast = modern.forecast(of: .rpFilter, in: "eth0")
        #expect(forecast.values.map(\.value) == [0, 1, 0])
        #expect(!forecast.isCertain(0))
        let old = try #require(SysctlTree(SysctlSources(reader: .systemd(version: 249), files: files)))
        #expect(old.forecast(of: .rpFilter, in: "eth0").isCertain(0))
    }

    @Test func `nothing is said about files that cannot be read`() {
        #expect(SysctlTree(SysctlSources(reader: systemd, isComplete: false)) == nil)
        #expect(SysctlTree(SysctlSources(reader: .none)) == nil)
    }

    @Test func `only lines that can be about an interface are kept`() throws {
        let text =
            "# net.ipv4.conf.all.rp_filter=1\nkernel.x=1\nnet.ipv4.conf.all.rp_filter=1\n-*.x\n;\n\n  net/ip*/a=1"
        let lines = try #require(SysctlLine.relevant(in: text.utf8))
        #expect(lines.map(\.number) == [3, 4, 7])
        #expect(SysctlLine.relevant(in: ("ipv4" + String(repeating: "x", count: 2_000)).utf8) == nil)
    }
}
