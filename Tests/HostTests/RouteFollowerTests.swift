// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Packets
import Testing

@testable import Host

/// Facts that are kept up by announcements have to be those that a fresh reading gives.
@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct RouteFollowerTests {
    private func host() throws -> TestNamespace {
        let namespace = try TestNamespace("follow")
        try namespace.ip("link set lo up")
        for name in ["a", "b", "c"] {
            try namespace.ip("link add \(name)0 type veth peer name \(name)1")
            try namespace.ip("link set \(name)0 up")
            try namespace.ip("link set \(name)1 up")
        }
        return namespace
    }

    private func batch(_ namespace: TestNamespace, _ lines: [String]) throws {
        // Some fail, as a route that is there already, which is part of the game.
        try namespace.exec(
            [
                "/bin/sh", "-c", "printf '%s\\n' \"$@\" | ip -force -batch - 2>/dev/null; true", "sh",
            ] + lines)
    }

    /// One random command.
    private func command(_ random: inout some RandomNumberGenerator) -> String {
        func one(_ values: [String]) -> String { values[Int.random(in: values.indices, using: &random)] }
        let interface = one(["a0", "b0", "c0"])
        let prefix = one(["203.0.113.0/24", "203.0.113.0/25", "203.0.113.7/32", "default"])
        let table = one(["", "", " table 1000", " table local"])
        let metric = one(["", "", " metric 5"])
        let tos = one(["", "", "", " tos 0x10"])
        let verb = one(["add", "append", "append", "prepend", "replace"])
        switch Int.random(in: 0..<22, using: &random) {
        case 0..<6: return "route \(verb) \(prefix) dev \(interface)\(table)\(metric)\(tos)"
        case 6..<9: return "route delete \(prefix)\(table)"
        case 19..<22: return "route delete \(prefix)\(table)\(metric) dev \(interface)"
        case 9:
            return "route \(verb) \(prefix)\(table)\(metric) nexthop dev \(interface) nexthop dev \(one(["a0", "b0"]))"
        case 10: return "route \(verb) \(one(["blackhole", "unreachable", "throw"])) \(prefix)\(table)\(metric)"
        case 11: return "route \(verb) \(prefix) dev \(interface)\(metric) src 192.0.2.\(one(["1", "2"]))"
        case 12, 13:
            let number = one(["1", "2", "3"])
            return "address \(one(["add", "add", "delete"])) 192.0.2.\(number)/\(one(["24", "32"])) dev \(interface)"
        case 14: return "link set \(interface) \(one(["up", "up", "down"]))"
        case 15: return "link set \(one(["a1", "b1", "c1"])) \(one(["up", "down"]))"
        case 16: return "rule \(one(["add", "delete"])) pref \(one(["10", "20"])) lookup 100"
        case 17: return "link delete c0"
        default: return "link add c0 type veth peer name c1"
        }
    }

    /// What differs after the announcements have come; nil when nothing does. Those of a carrier take up to a second.
    private func difference(
        _ watch: inout NamespaceWatch, _ namespace: borrowing NetworkNamespace
    ) throws -> String? {
        var problem: String?
        for attempt in 0..<25 {
            if attempt > 0 { usleep(100_000) }
            var kept = try watch.facts(of: namespace.inode)
            var fresh = try namespace.facts(kept.namespace)
            (kept.time, fresh.time) = (0, 0)
            // Their state comes and goes by itself.
            (kept.neighbors, fresh.neighbors) = ([], [])
            if kept == fresh { return nil }
            let missing = fresh.routes.filter { !kept.routes.contains($0) }
            let wrong = kept.routes.filter { !fresh.routes.contains($0) }
            problem = "missing \(missing.map(text)), wrong \(wrong.map(text)), \(kept.routes.count) routes"
        }
        return problem
    }

    private func text(_ route: Route) -> String {
        "\(route.destination) table \(route.table) tos \(route.tos) metric \(route.metric) \(route.kind) "
            + route.nexthops.map { "if\($0.interface)\($0.isDead ? " dead" : "")" }.joined(separator: "/")
    }

    @Test(arguments: 0..<4) func keptRoutesAreThoseOfAFreshReadingWhateverHappens(seed: Int) throws {
        var random = SystemRandomNumberGenerator()
        let namespace = try host()
        let opened = try namespace.open()
        var watch = try NamespaceWatch(only: try namespace.open())
        _ = try watch.facts(of: opened.inode)
        var commands: [String] = []
        for _ in 0..<25 {
            let lines = (0..<Int.random(in: 1...6, using: &random)).map { _ in command(&random) }
            commands += lines + ["--"]
            try batch(namespace, lines)
            if let problem = try difference(&watch, opened) {
                Issue.record("\(problem) after \(commands.joined(separator: "; "))")
                return
            }
        }
    }

    @Test func announcedRoutesNeedNoFurtherReadingOfTheTable() throws {
        let namespace = try host()
        try batch(namespace, (0..<200).map { "route add 203.0.113.\($0)/32 dev a0 table 77" })
        let opened = try namespace.open()
        var watch = try NamespaceWatch(only: try namespace.open())
        #expect(try watch.facts(of: opened.inode).routes.count { $0.table == 77 } == 200)
        #expect(watch.tableReadings(of: opened.inode) == 1)
        for round in 0..<5 {
            try batch(
                namespace,
                [
                    "route add 198.51.100.\(round)/32 dev b0", "route delete 203.0.113.\(round)/32 dev a0 table 77",
                    "route replace 203.0.113.100/32 dev b0 table 77 metric \(round)",
                    "address add 192.0.2.\(round + 1)/32 dev b0",
                ])
            let facts = try watch.facts(of: opened.inode)
            #expect(facts.routes == (try opened.facts(facts.namespace)).routes)
        }
        try batch(namespace, ["link set b0 down"])
        #expect(try difference(&watch, opened) == nil)
        #expect(watch.tableReadings(of: opened.inode) == 1)
        // Of nexthop objects not every change of a route is told.
        try batch(namespace, ["nexthop add id 5 dev c0", "route add 203.0.113.222/32 nhid 5", "nexthop delete id 5"])
        #expect(try difference(&watch, opened) == nil)
        #expect(watch.tableReadings(of: opened.inode) > 1)
    }

    @Test func announcementsOfRoutesAreStillHandedOnAfterTheirFactsWereRead() throws {
        let namespace = try host()
        let inode = try namespace.open().inode
        var watch = try NamespaceWatch(only: try namespace.open())
        _ = try watch.facts(of: inode)
        try namespace.ip("route add 203.0.113.0/24 dev a0 metric 9")
        _ = try watch.facts(of: inode)
        let changes = watch.pendingChanges().filter { $0.kind == .route }
        #expect(changes.map(\.object) == ["203.0.113.0/24 table main"])
        #expect(watch.pendingChanges().isEmpty)
    }
}
