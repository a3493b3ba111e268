// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Packets
import Testing

@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct OracleTests {
    /// a0 with 192.0.2.1/24 and b0 with 198.51.100.1/24; 203.0.113.0/25 is behind b0.
    private func host() throws -> TestNamespace {
        let namespace = try TestNamespace("oracle")
        for (link, address) in [("a0", "192.0.2.1/24"), ("b0", "198.51.100.1/24")] {
            try namespace.ip("link add \(link) type veth peer name p\(link)")
            try namespace.ip("link set \(link) up")
            try namespace.ip("link set p\(link) up")
            try namespace.ip("addr add \(address) dev \(link)")
        }
        try namespace.ip("link set lo up")
        try namespace.ip("route add 203.0.113.0/25 via 198.51.100.2 dev b0")
        return namespace
    }

    @Test func theKernelItselfAnswers() throws {
        let namespace = try host()
        let opened = try namespace.open()
        let facts = try opened.facts(NamespaceIdentity(inode: opened.inode))
        let a0 = try #require(facts.link(named: "a0")?.index)
        let b0 = try #require(facts.link(named: "b0")?.index)
        var oracle = try ReversePathOracle(in: opened)
        func ask(
            _ source: String, _ destination: String, mark: UInt32 = 0, port: UInt16? = nil
        ) throws
            -> ReversePathOracle.Answer
        {
            let source = try #require(IPv4Address(source))
            let destination = try #require(IPv4Address(destination))
            let packet = Packet(
                source: source, destination: destination, sourcePort: port, destinationPort: port, mark: mark)
            return try oracle.ask(packet, ingress: a0)
        }
        // Until 6.12 EXDEV, from 6.13 EINVAL.
        let refusals: Set<ReversePathOracle.Answer> = [.refused, .reversePathFilter]

        #expect(try ask("203.0.113.5", "192.0.2.1") == .accepted(.local, output: nil))
        #expect(try ask("203.0.113.5", "198.51.100.2") == .notForwarded)
        try namespace.sysctl("conf/all/forwarding", 1)
        #expect(try ask("192.0.2.7", "198.51.100.2") == .accepted(.unicast, output: b0))
        #expect(try ask("192.0.2.7", "203.0.113.200") == .noRoute)
        #expect(try ask("192.0.2.1", "198.51.100.1") == .refused, "its own address")

        try namespace.sysctl("conf/a0/rp_filter", 1)
        #expect(try refusals.contains(ask("203.0.113.5", "192.0.2.1")))
        #expect(try ask("192.0.2.7", "192.0.2.1") == .accepted(.local, output: nil))

        try namespace.ip("rule add fwmark 5 lookup 100")
        try namespace.ip("route add 203.0.113.0/25 dev a0 table 100")
        #expect(try refusals.contains(ask("203.0.113.5", "192.0.2.1", mark: 5)))
        try namespace.sysctl("conf/a0/src_valid_mark", 1)
        #expect(try ask("203.0.113.5", "192.0.2.1", mark: 5) == .accepted(.local, output: nil))
        // The reverse lookup asks with the ports swapped.
        try namespace.ip("rule add ipproto udp sport 53 lookup 100")
        #expect(try ask("203.0.113.5", "192.0.2.1", port: 53) == .accepted(.local, output: nil))
        #expect(try refusals.contains(ask("203.0.113.5", "192.0.2.1", port: 54)))
    }

    @Test func anInterfaceThatIsNotThereIsAnError() throws {
        var oracle = try ReversePathOracle(in: try host().open())
        let packet = Packet(source: IPv4Address(rawValue: 0xCB00_7105), destination: IPv4Address(rawValue: 0xC000_0201))
        do throws(HostError) {
            _ = try oracle.ask(packet, ingress: 4_000)
            Issue.record("the kernel answered")
        } catch {
            #expect(error.kind == .notFound)
        }
    }
}
