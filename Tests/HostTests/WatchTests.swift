// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Host
import Packets
import Testing

@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct WatchTests {
    /// Joins two namespaces by a veth pair and makes the first strict. It has no route to 203.0.113.0/24.
    private func join(_ host: TestNamespace, _ client: TestNamespace) throws {
        try client.ip("link add a1 type veth peer name a0 netns \(host.name)")
        try host.ip("addr add 192.0.2.1/24 dev a0")
        try client.ip("addr add 192.0.2.2/24 dev a1")
        try host.ip("link set a0 up")
        try client.ip("link set a1 up")
        try host.sysctl("conf/a0/rp_filter", 1)
    }

    /// Sends packets that rp_filter drops.
    private func provoke(_ count: Int, from client: TestNamespace) throws {
        let source = try #require(IPv4Address("203.0.113.5"))
        let destination = try #require(IPv4Address("192.0.2.1"))
        try client.open().run { () throws(HostError) in
            RawSender.send(from: source, to: destination, count: count)
        }
    }

    @Test func countersGrowByWhatTheKernelDropped() throws {
        let host = try TestNamespace("count")
        let client = try TestNamespace("peer")
        try join(host, client)
        let inode = try host.open().inode
        try provoke(2, from: client)
        var watch = try NamespaceWatch(only: try host.open())
        let before = watch.readCounters()
        #expect(before.reversePathFilter == [inode: 2])
        #expect(before.growth == 0 && before.watched == 1 && before.unreadable == 0)
        try provoke(5, from: client)
        let after = watch.readCounters()
        #expect(after.growth(since: before) == 5...5)
        #expect(after.reversePathFilter == [inode: 7])
        #expect(after.time > before.time)
    }

    @Test func aNamespaceMadeLaterIsFoundAndItsDropsCountInFull() throws {
        var watch = try NamespaceWatch()
        let before = watch.readCounters()
        let host = try TestNamespace("later")
        let client = try TestNamespace("peer")
        try join(host, client)
        try provoke(3, from: client)
        let inode = try host.open().inode
        let sweep = watch.sweep()
        #expect(sweep.appeared.contains { $0.inode == inode && $0.name == host.name && $0.processID == nil })
        let after = watch.readCounters()
        #expect(after.reversePathFilter[inode] == 3)
        #expect(after.growth(since: before).lowerBound >= 3)
    }

    @Test func aNamespaceThatEverybodyLeftIsLetGoOfAndItsDropsStay() throws {
        let host = try TestNamespace("gone")
        let client = try TestNamespace("peer")
        try join(host, client)
        let inode = try host.open().inode
        var watch = try NamespaceWatch(only: try host.open())
        let before = watch.readCounters()
        try provoke(4, from: client)
        host.delete()
        // The watch still holds it.
        #expect(watch.readCounters().reversePathFilter[inode] == 4)
        #expect(watch.sweep().vanished.map(\.inode) == [inode])
        let after = watch.readCounters()
        #expect(after.watched == 0)
        #expect(after.growth(since: before) == 4...4)
        #expect(throws: HostError.self) { try watch.facts(of: inode) }
        do throws(HostError) {
            _ = try watch.facts(of: inode)
        } catch {
            #expect(error.kind == .gone)
        }
        // The peer of its veth goes with it: nothing keeps the namespace alive.
        for _ in 0..<250 {
            if !client.hasLink("a1") { return }
            usleep(20_000)
        }
        Issue.record("the namespace is still alive")
    }
}
