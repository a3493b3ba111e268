// SPDX-License-Identifier: Apache-2.0
import Drops
import Glibc
import Lab
import Packets
import SystemPackage
import Testing

@testable import Probe

private let isHookUsable = isRoot && WriteHook.refusal(in: CgroupHierarchy.mounted()) == nil

/// Processes that write sysctls in a namespace made for it, as the hook sees them.
@Suite(.enabled(if: isHookUsable, "needs root and a cgroup v2 hierarchy that a program may be attached to"))
struct WriteHookTests {
    /// What `body` writes in the namespace, as it is told.
    private func writes(in namespace: Namespace, _ body: () throws -> Void) throws -> [SysctlWrite] {
        var probe = try Probe(ProbeOptions(namespaceInode: UInt32(namespace.inode)))
        #expect(probe.hooks.last == "cgroup/sysctl")
        #expect(probe.writesProblem == nil)
        try probe.attach()
        try body()
        var result: [SysctlWrite] = []
        try probe.consumeWrites { result.append($0) }
        probe.detach()
        try namespace.writeSysctls([("net/ipv4/conf/all/rp_filter", "0")], as: "too-late")
        try probe.consumeWrites { _ in Issue.record("a write after the end was told") }
        return result
    }

    @Test func `a write is told with its process, its place and both values`() throws {
        let testbed = try Testbed()
        var writer = (process: 0, parent: 0)
        let before = monotonicSeconds()
        let told = try writes(in: testbed.host) {
            writer = try testbed.host.writeSysctls([("net/ipv4/conf/a0/rp_filter", "2")], as: "udev \u{1B}[1m\"x")
        }
        let write = try #require(told.first)
        #expect(told.count == 1)
        #expect(write.namespaceInode == UInt32(testbed.host.inode))
        #expect(write.scope == "a0" && write.key == "rp_filter")
        #expect(write.before == 0 && write.after == 2)
        #expect(write.process.id == Int32(writer.process) && write.process.command == "udev \u{1B}[1m\"x")
        #expect(write.parent.id == Int32(writer.parent) && write.parent.id == getpid())
        #expect(!write.parent.command.isEmpty)
        #expect(Double(write.time) / 1e9 >= before && Double(write.time) / 1e9 <= monotonicSeconds())
    }

    @Test func `every key that the check reads is told, under any name of an interface`() throws {
        let testbed = try Testbed()
        try testbed.apply([.ip("link add long.name.7777 type veth peer name other")])
        let keys = [
            "rp_filter", "accept_local", "src_valid_mark", "route_localnet", "forwarding", "send_redirects",
            "bc_forwarding", "ignore_routes_with_linkdown", "arp_filter", "arp_ignore", "arp_announce",
        ]
        let told = try writes(in: testbed.host) {
            try testbed.host.writeSysctls(keys.map { ("net/ipv4/conf/long.name.7777/\($0)", "1") }, as: "one")
            try testbed.host.writeSysctls(
                [("net/ipv4/ip_forward", "1"), ("net/ipv4/conf/all/accept_local", "1")], as: "two")
        }
        #expect(told.map(\.key) == keys + ["forwarding", "accept_local"])
        #expect(told.map(\.scope) == keys.map { _ in "long.name.7777" } + ["all", "all"])
        #expect(told.allSatisfy { $0.after == 1 })
    }

    @Test func `a write that the kernel begins anew while the routing lock is taken is told once`() throws {
        let testbed = try Testbed()
        let told = try writes(in: testbed.host) {
            // Making and removing interfaces holds the lock most of the time.
            let busy = try testbed.client.enter {
                try spawn([
                    "sh", "-c", "while :; do ip link add busy type veth peer name other; ip link del busy; done",
                ])
            }
            defer { endProcess(busy) }
            for round in 0..<40 {
                try testbed.host.writeSysctls([("net/ipv4/ip_forward", round % 2 == 0 ? "1" : "0")], as: "switch")
            }
        }
        #expect(told.map(\.after) == (0..<40).map { $0 % 2 == 0 ? 1 : 0 })
    }

    @Test func `what is only read, and what the check does not read, is not told`() throws {
        let testbed = try Testbed()
        let told = try writes(in: testbed.host) {
            try testbed.host.run(["cat", "/proc/sys/net/ipv4/conf/a0/rp_filter", "/proc/sys/net/ipv4/ip_forward"])
            try testbed.host.writeSysctls(
                [
                    ("net/ipv4/conf/a0/log_martians", "1"), ("net/ipv4/tcp_ecn", "1"),
                    ("net/ipv4/conf/a0/arp_notify", "1"),
                ], as: "other")
            // Another namespace than the one that is watched.
            try testbed.client.writeSysctls([("net/ipv4/conf/a1/rp_filter", "1")], as: "elsewhere")
        }
        #expect(told.isEmpty, "\(told)")
    }

    @Test func `what a sysctl cannot take is no number, and of a long text it takes the first`() throws {
        let testbed = try Testbed()
        let told = try writes(in: testbed.host) {
            for text in ["strict", "1 and more, much more than a number has", "4294967296", "0x2", " 1 "] {
                _ = try? testbed.host.writeSysctls([("net/ipv4/conf/a0/rp_filter", text)], as: "trial")
            }
        }
        // The shell writes the rest again, which the kernel left.
        #expect(told.map(\.after) == [nil, 1, nil, nil, 2, 1])
    }

    @Test func `other programs on the hierarchy stay, and so does a second trace`() throws {
        let testbed = try Testbed()
        var first = try Probe(ProbeOptions(namespaceInode: UInt32(testbed.host.inode)))
        try first.attach()
        let told = try writes(in: testbed.host) {
            try testbed.host.writeSysctls([("net/ipv4/conf/b0/rp_filter", "1")], as: "both")
        }
        var early: [SysctlWrite] = []
        try first.consumeWrites { early.append($0) }
        #expect(told.map(\.process.command) == ["both"])
        #expect(early.map(\.process.command) == ["both", "too-late"])
    }
}

@Suite struct CgroupHierarchyTests {
    @Test func `the hierarchy is found where it is mounted`() {
        let mounts = """
            tmpfs /sys/fs/cgroup tmpfs rw 0 0
            cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
            none /mnt/a\\040b\\134c cgroup2 rw 0 0
            cgroup2 /short

            """
        #expect(
            CgroupHierarchy.paths(mounts: Array(mounts.utf8)) == ["/sys/fs/cgroup/unified", "/mnt/a b\\c"])
        #expect(CgroupHierarchy.paths(mounts: []) == [])
    }

    @Test func `why there is no hook is said in a clause`() {
        let clauses =
            [Errno.notPermitted, .invalidArgument, .noMemory].map { WriteHook.sentence(for: $0) }
            + [WriteHook.refusal(in: nil), WriteHook.refusal(in: CgroupHierarchy(path: "/nonexistent", isRoot: true))]
            .compactMap(\.self)
        #expect(clauses.count == 5)
        for clause in clauses { #expect(!clause.hasSuffix(".") && !clause.isEmpty, "\(clause)") }
        #expect(WriteHook.blindSpot(in: CgroupHierarchy(path: "/x", isRoot: false))?.hasSuffix(".") == true)
        #expect(WriteHook.blindSpot(in: CgroupHierarchy(path: "/x", isRoot: true)) == nil)
    }
}
