// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import Lab
import ModelLab
import Packets
import Testing

@Suite struct CommandContextTests {
    private static let words: [ShellWord] = ["sysctl", "-w", ShellWord(quoting: "net.ipv4.conf.a b.rp_filter=2")]
    private static let rule: [ShellWord] = ["ip", "rule", "add", "lookup", "100"]

    private func commands(_ identity: NamespaceIdentity) -> [String]? {
        CommandContext(identity).map { [$0.command(Self.words), $0.command(Self.rule)] }
    }

    @Test func `in the own namespace commands stand as they are`() {
        let expected = ["sysctl -w 'net.ipv4.conf.a b.rp_filter=2'", "ip rule add lookup 100"]
        #expect(commands(NamespaceIdentity(inode: 7, isOwn: true, isInitial: true)) == expected)
        #expect(commands(NamespaceIdentity(inode: 7, processID: 9, isOwn: true)) == expected)
    }

    @Test func `a named namespace is entered by its quoted name`() {
        let identity = NamespaceIdentity(inode: 7, name: "it's $(x)", processID: 9)
        #expect(
            commands(identity) == [
                "ip netns exec 'it'\\''s $(x)' sysctl -w 'net.ipv4.conf.a b.rp_filter=2'",
                "ip -n 'it'\\''s $(x)' rule add lookup 100",
            ])
    }

    @Test func `an unnamed namespace is entered by a process, after a look at the inode`() {
        let check = "[ \"$(readlink /proc/9/ns/net)\" = 'net:[7]' ] && "
        #expect(
            commands(NamespaceIdentity(inode: 7, processID: 9)) == [
                check + "nsenter --net=/proc/9/ns/net sysctl -w 'net.ipv4.conf.a b.rp_filter=2'",
                check + "nsenter --net=/proc/9/ns/net ip rule add lookup 100",
            ])
    }

    @Test func `the initial namespace is entered by process 1 from elsewhere`() {
        let first = commands(NamespaceIdentity(inode: 7, isInitial: true))?.first
        #expect(first?.contains("nsenter --net=/proc/1/ns/net ") ?? false)
    }

    @Test func `without a name and a process no command leads there`() {
        #expect(CommandContext(NamespaceIdentity(inode: 7)) == nil)
        var problem = Problem(
            .wrongInterface, of: packet(from: Lab.asymmetric, to: Lab.local), in: host { $0[Lab.a0].rpFilter = 1 })
        problem.lab.facts.namespace = NamespaceIdentity(inode: 7)
        let fix = problem.advice.fix
        #expect(fix.id == .none && fix.predicted == .unknown && fix.summary.contains("No command reaches"))
    }

    @Test func `commands work in a namespace with a hostile name and in one without`() throws {
        let unnamed = try Namespace(unnamedHeldBy: ["sleep", "60"])
        guard case .process(let process) = unnamed.reference else { throw LabError("the namespace has a name") }
        let contexts: [CommandContext] = [.process(id: process, inode: UInt32(unnamed.inode))]
        for context in contexts {
            let command = context.command(["sysctl", "-w", "net.ipv4.conf.lo.rp_filter=2"])
            try runSuccessfully(["sh", "-c", command])
            #expect(try unnamed.run(["sysctl", "-n", "net.ipv4.conf.lo.rp_filter"]) == "2\n")
        }
        let hostile = try Namespace("it's $(x);-")
        let named = try #require(CommandContext(NamespaceIdentity(inode: 1, name: hostile.argument)))
        try runSuccessfully(["sh", "-c", named.command(["sysctl", "-w", "net.ipv4.conf.lo.rp_filter=2"])])
        try runSuccessfully(["sh", "-c", named.command(["ip", "link", "set", "lo", "up"])])
        #expect(try hostile.run(["sysctl", "-n", "net.ipv4.conf.lo.rp_filter"]) == "2\n")
    }

    @Test func `a process id that was reused changes nothing`() throws {
        let other = try Namespace(unnamedHeldBy: ["sleep", "60"])
        guard case .process(let process) = other.reference else { throw LabError("the namespace has a name") }
        let before = try other.run(["sysctl", "-n", "net.ipv4.conf.lo.rp_filter"])
        let context = CommandContext.process(id: process, inode: UInt32(other.inode) + 1)
        let result = try run(["sh", "-c", context.command(["sysctl", "-w", "net.ipv4.conf.lo.rp_filter=7"])])
        #expect(!result.succeeded)
        #expect(try other.run(["sysctl", "-n", "net.ipv4.conf.lo.rp_filter"]) == before)
    }
}
