// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Packets
import Testing

/// Changes made and undone one by one, where a trial's whole run would not show a difference.
@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct ChangeTests {
    private let namespace: TestNamespace
    private let facts: NetworkFacts

    init() throws {
        namespace = try TestNamespace("change")
        try namespace.ip("link add a0 type veth peer name a1")
        try namespace.ip("link set a0 up")
        try namespace.ip("link set a1 up")
        try namespace.ip("address add 192.0.2.1/24 broadcast 192.0.2.255 dev a0")
        try namespace.ip("address add 198.51.100.1 peer 198.51.100.2/32 dev a0")
        try namespace.ip("address add 203.0.113.1/25 scope link dev a0")
        let opened = try namespace.open()
        facts = try opened.facts(NamespaceIdentity(inode: opened.inode))
    }

    private func listing(_ object: String) throws -> String {
        let output = try Command.patiently("ip", ["-n", namespace.name, "-4", object, "show"])
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    @Test(arguments: ["192.0.2.1", "198.51.100.1", "203.0.113.1"])
    func `an address comes back with its broadcast, peer and scope`(_ text: String) throws {
        let address = try #require(facts.addresses.first { "\($0.local)" == text })
        let before = try listing("address").split(separator: "\n").map(String.init).sorted()
        var changer = try NamespaceChanger(try namespace.open())
        try changer.make(.removeAddress(address))
        #expect(try !listing("address").contains(text))
        #expect(try changer.undo(.removeAddress(address)) == .made)
        #expect(try listing("address").split(separator: "\n").map(String.init).sorted() == before)
    }

    @Test func `a route or rule of somebody else's is neither taken for ours nor deleted`() throws {
        let interface = try #require(facts.link(named: "a0")?.index)
        let prefix = try #require(IPv4Prefix("203.0.113.128/25"))
        let route = HostChange.addRoute(Route(destination: prefix, nexthops: [Nexthop(interface: interface)]))
        let rule = HostChange.addRule(Rule(priority: 900, from: prefix, action: .lookup(table: 100)))
        try namespace.ip("route add 203.0.113.128/25 dev a0")
        try namespace.ip("rule add from 203.0.113.128/25 lookup 100 priority 900")
        var changer = try NamespaceChanger(try namespace.open())
        for change in [route, rule] {
            #expect(try changer.state(of: change) == .notMade)
            #expect(try changer.undo(change) == .notMade)
        }
        // A second route is refused; a second rule is one of its own, by its protocol.
        #expect(throws: HostError.self) { try changer.make(route) }
        try changer.make(rule)
        #expect(try changer.undo(rule) == .made)
        #expect(try listing("route").contains("203.0.113.128/25"))
        #expect(try listing("rule").contains("203.0.113.128/25"))
    }

    @Test func `own routes and rules are recognised beside those of others`() throws {
        let interface = try #require(facts.link(named: "a0")?.index)
        let prefix = try #require(IPv4Prefix("203.0.113.128/25"))
        try namespace.ip("route add 203.0.113.192/26 dev a0")
        let routes = try listing("route")
        let rules = try listing("rule")
        let changes: [HostChange] = [
            .addRoute(Route(table: 1000, destination: .any, nexthops: [Nexthop(interface: interface)])),
            .addRoute(Route(destination: prefix, scope: 253, nexthops: [Nexthop(interface: interface)])),
            .addRule(Rule(priority: 900, from: prefix, inputInterface: "a0", action: .lookup(table: 1000))),
        ]
        var changer = try NamespaceChanger(try namespace.open())
        for change in changes {
            try changer.make(change)
            #expect(try changer.state(of: change) == .made)
        }
        for change in changes.reversed() { #expect(try changer.undo(change) == .made) }
        #expect(try listing("route") == routes)
        #expect(try listing("rule") == rules)
    }
}
