// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Lab
import Packets
import Probe
import Testing

/// Real packets dropped by this kernel in namespaces made for it, seen through the real programs.
@Suite(.enabled(if: isRoot, "needs root: namespaces and BPF"))
struct RealDropTests {
    @Test func anRPFilterDropIsCountedAndDescribedCompletely() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        let watch = try Watch(testbed.host)
        try testbed.send(.packets(.udp(from: "203.0.113.5", to: "192.0.2.1", sourcePort: 40_001, port: 9)))
        let seen = try watch.finish()

        #expect(seen.kernelCounter == 3)
        #expect(seen.drops(.reversePathFilter) == 3)
        let event = try #require(seen.events.first)
        #expect(seen.events.count == 3)
        #expect(event.key.outcome == .reversePathFilter)
        #expect(event.key.namespaceInode == UInt32(testbed.host.inode))
        #expect(event.key.namespaceCookie != 0)
        #expect(event.key.interfaceHasAddress)
        #expect(event.key.path == nil)
        #expect(event.reasonName == "IP_RPFILTER")
        #expect(event.interfaceName == "a0")
        #expect(event.interfaceKind == "veth")
        #expect(event.location != 0)
        #expect(event.sysctls == SysctlsAtDrop(rpFilterAll: 0, rpFilterInterface: 1))
        #expect(event.hasDestinationNAT == false)
        #expect(event.hasCustomRules == false)
        #expect(event.packet.source == IPv4Address("203.0.113.5"))
        #expect(event.packet.destination == IPv4Address("192.0.2.1"))
        #expect(event.packet.transport == .udp)
        #expect(event.packet.sourcePort == 40_001)
        #expect(event.packet.destinationPort == 9)
        #expect(event.packet.identification == 0x1234)
        #expect(event.packet.timeToLive == 64)
        #expect(event.packet.length == 37)
        #expect(event.packet.sourceMAC?.octets == Testbed.ethernetAddress("a1"))
        #expect(event.packet.destinationMAC?.octets == Testbed.ethernetAddress("a0"))
        let counters = try #require(seen.counters[event.key])
        #expect(counters.emitted == 3)
        #expect(counters.interfaceName == "a0")
        #expect(counters.firstTime > 0 && counters.firstTime <= counters.lastTime)
    }
}
