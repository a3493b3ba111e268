// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Packets
import SystemPackage
import Testing

@testable import Host

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

    /// Sends packets that rp_filter drops, and waits until it did.
    private func provoke(_ count: Int, from client: TestNamespace, at host: TestNamespace) throws {
        let source = try #require(IPv4Address("203.0.113.5"))
        let destination = try #require(IPv4Address("192.0.2.1"))
        let opened = try host.open()
        func drops() throws -> UInt64 {
            let text = try opened.run { () throws(HostError) in Files.contents("/proc/thread-self/net/netstat") ?? [] }
            return try #require(counter("IPReversePathFilter", of: "TcpExt", in: text[...]))
        }
        let wanted = try drops() + UInt64(count)
        try client.open().run { () throws(HostError) in
            RawSender.send(from: source, to: destination, count: count)
        }
        for _ in 0..<1_000 {
            if try drops() >= wanted { return }
            usleep(5_000)
        }
        Issue.record("the packets did not arrive")
    }

    @Test func countersGrowByWhatTheKernelDropped() throws {
        let host = try TestNamespace("count")
        let client = try TestNamespace("peer")
        try join(host, client)
        let inode = try host.open().inode
        try provoke(2, from: client, at: host)
        var watch = try NamespaceWatch(only: try host.open())
        let before = watch.readCounters()
        #expect(before.reversePathFilter == [inode: 2])
        #expect(before.growth == 0 && before.watched == 1 && before.unreadable == 0)
        try provoke(5, from: client, at: host)
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
        try provoke(3, from: client, at: host)
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
        try provoke(4, from: client, at: host)
        host.delete()
        // The watch still holds it.
        #expect(watch.readCounters().reversePathFilter[inode] == 4)
        let sweep = watch.sweep()
        #expect(sweep.vanished.map(\.inode) == [inode])
        #expect(sweep.read == [inode])
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

    @Test func drainsNothingWhenNothingHappens() throws {
        let host = try TestNamespace("quiet")
        var watch = try NamespaceWatch(only: try host.open())
        #expect(watch.pendingChanges().isEmpty)
        #expect(Poller.wait([watch.descriptor], nanoseconds: 0) == [false])
    }

    @Test func changesAreAnnouncedWithWhatWasBefore() throws {
        let host = try TestNamespace("change")
        try host.ip("link add a0 type veth peer name a1")
        try host.ip("link add c.1 type veth peer name c1")
        for link in ["a0", "a1"] { try host.ip("link set \(link) up") }
        let inode = try host.open().inode
        var watch = try NamespaceWatch(only: try host.open())
        func changes(_ kind: FactsChange.Kind, until isLast: (FactsChange) -> Bool = { _ in true }) -> [FactsChange] {
            // Some announcements, such as of a lost carrier, come later than the command that causes them.
            var result: [FactsChange] = []
            for _ in 0..<20 where !result.contains(where: isLast) { result += read(kind) }
            return result
        }
        func read(_ kind: FactsChange.Kind) -> [FactsChange] {
            let isReadable = Poller.wait([watch.descriptor], nanoseconds: 2_000_000_000)
            #expect(isReadable == [true])
            let changes = watch.pendingChanges()
            let isOurs = changes.allSatisfy { $0.namespace == inode && $0.time <= MonotonicClock.now && $0.time > 0 }
            #expect(isOurs)
            return changes.filter { $0.kind == kind }
        }
        func texts(_ changes: [FactsChange]) -> [String] {
            changes.map { "\($0.object): \($0.before ?? "-") > \($0.after ?? "-")" }
        }

        try host.ip("addr add 192.0.2.1/24 dev a0")
        #expect(texts(changes(.address)) == ["a0: - > 192.0.2.1/24"])
        try host.sysctl("conf/a0/rp_filter", 1)
        #expect(texts(changes(.sysctl)) == ["net.ipv4.conf.a0.rp_filter: 0 > 1"])
        try host.sysctl("conf/c.1/rp_filter", 2)
        #expect(texts(changes(.sysctl)) == ["net.ipv4.conf.c/1.rp_filter: 0 > 2"])
        try host.sysctl("conf/all/rp_filter", 1)
        try host.sysctl("conf/all/rp_filter", 2)
        #expect(
            texts(changes(.sysctl)) == ["net.ipv4.conf.all.rp_filter: 0 > 1", "net.ipv4.conf.all.rp_filter: 1 > 2"])
        try host.ip("route add 203.0.113.0/24 via 192.0.2.2 metric 10")
        try host.ip("route del 203.0.113.0/24 via 192.0.2.2 metric 10")
        #expect(
            texts(changes(.route)) == [
                "203.0.113.0/24 table main: - > via 192.0.2.2 dev a0 metric 10",
                "203.0.113.0/24 table main: via 192.0.2.2 dev a0 metric 10 > -",
            ])
        try host.ip("rule add from 192.0.2.7 fwmark 3 priority 9 lookup 100")
        #expect(texts(changes(.rule)) == ["rule 9: - > from 192.0.2.7 fwmark 0x3/0xffffffff lookup 100"])
        try host.ip("link set a1 down")
        let carrier = changes(.link) { $0.object == "a0" }.first { $0.object == "a0" }
        #expect(carrier?.before?.hasPrefix("up name a0") == true)
        #expect(carrier?.after?.hasPrefix("up no-carrier name a0") == true)
        try host.ip("link set c1 name d1")
        let renamed = changes(.link) { $0.object == "c1" }.first { $0.object == "c1" }
        #expect(renamed?.object == "c1" && renamed?.after?.hasPrefix("down name d1") == true)
        try host.ip("link del d1")
        let deleted = changes(.link) { $0.object == "d1" }
        #expect(Set(deleted.map { "\($0.object) \($0.after ?? "-")" }) == ["c.1 -", "d1 -"])
        // Neither an entry of the neighbour table, nor an address that is there already, nor what does not matter here
        // is news.
        try host.ip("link set a0 mtu 1400 alias something")
        try host.ip("neigh add 192.0.2.99 lladdr 02:00:00:00:00:09 dev a0")
        try host.ip("addr change 192.0.2.1/24 dev a0")
        #expect(watch.pendingChanges().isEmpty)
    }

    @Test func lostAnnouncementsAreAChangeOfUnknownKind() throws {
        let host = try TestNamespace("flood")
        try host.ip("link add a0 type veth peer name a1")
        try host.ip("link set a0 up")
        try host.ip("link set a1 up")
        try host.ip("addr add 192.0.2.1/24 dev a0")
        var watch = try NamespaceWatch(only: try host.open())
        let script = """
            i=0; while [ $i -lt 80 ]; do j=0; while [ $j -lt 250 ]; do
            echo "route add 203.0.113.$j/32 via 192.0.2.2 table $((1000 + i))"
            j=$((j + 1)); done; i=$((i + 1)); done | ip -batch -
            """
        try host.exec(["/bin/sh", "-c", script])
        var kinds: Set<FactsChange.Kind> = []
        while Poller.wait([watch.descriptor], nanoseconds: 0) == [true] {
            kinds.formUnion(watch.pendingChanges().map(\.kind))
        }
        #expect(kinds == [.route, .unknown])
        // What was before is known again afterwards.
        try host.sysctl("conf/a0/rp_filter", 2)
        #expect(watch.pendingChanges().map(\.before) == ["0"])
    }

    @Test func anUnknownNamespaceIsLookedForAtOnce() throws {
        var watch = try NamespaceWatch()
        let host = try TestNamespace("asked")
        let opened = try host.open()
        let cookie = opened.cookie
        #expect(watch.identity(inode: opened.inode, cookie: cookie).name == host.name)
        #expect(try watch.facts(of: opened.inode, cookie: cookie).links.map(\.name) == ["lo"])
        let unknown = watch.identity(inode: 1, cookie: 7)
        #expect(unknown == NamespaceIdentity(inode: 1, cookie: 7))
        // The number of a namespace is given to another one at once, its cookie never.
        let reused = watch.identity(inode: opened.inode, cookie: 1)
        #expect(reused.name == nil && reused.cookie == 1)
        // What was found by looking for it is told by the next sweep, once.
        #expect(watch.sweep().appeared.contains { $0.inode == opened.inode })
        #expect(!watch.sweep().appeared.contains { $0.inode == opened.inode })
    }

    @Test func aBridgePortThatLeavesIsStillThere() throws {
        let host = try TestNamespace("bridge")
        try host.ip("link add a0 type veth peer name a1")
        try host.ip("link add br0 type bridge")
        var watch = try NamespaceWatch(only: try host.open())
        try host.ip("link set a0 master br0")
        try host.ip("link set a0 nomaster")
        let changes = watch.pendingChanges().filter { $0.kind == .link && $0.object == "a0" }
        #expect(changes.count >= 2 && changes.allSatisfy { $0.after != nil })
        #expect(changes.contains { $0.after?.contains("master br0") == true })
        #expect(changes.last?.after?.contains("master") == false)
    }

    @Test func aWatchLeavesNothingOpen() async throws {
        await #expect(processExitsWith: .success) {
            func open() -> Int { Files.names(in: "/proc/self/fd").count }
            // The first use of something may open files for good.
            for round in 0..<2 {
                let before = open()
                do {
                    let host = try TestNamespace("open")
                    var watch = try NamespaceWatch()
                    let inode = try host.open().inode
                    _ = watch.readCounters()
                    _ = try watch.facts(of: inode, includingFilterRules: true)
                    host.delete()
                    guard watch.sweep().vanished.contains(where: { $0.inode == inode }) else { exit(2) }
                    _ = try SignalDescriptor()
                }
                if round == 1 && open() != before { exit(3) }
            }
            exit(0)
        }
    }

    @Test func aNamespaceOfAProcessAloneIsWatchedUntilItEnds() throws {
        let process = try Sleeper(["unshare", "--net"])
        let inode = try NetworkNamespace(processID: process.id).inode
        var watch = try NamespaceWatch()
        #expect(watch.readCounters().reversePathFilter[inode] == 0)
        #expect(watch.identity(inode: inode).processID == process.id)
        #expect(!watch.sweep().vanished.contains { $0.inode == inode })
        process.stop()
        #expect(watch.sweep().vanished.contains { $0.inode == inode })
    }
}
