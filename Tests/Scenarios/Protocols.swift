// SPDX-License-Identifier: Apache-2.0
package import Lab

/// The check does not care what the packet carries, and every fragment is a drop of its own.
package enum Protocols {
    package static let scenarios: [Scenario] = [
        strict("ICMP", [.ping(from: asymmetric, to: virtualAddress)]),
        strict("UDP", [.udp(from: asymmetric, to: virtualAddress)]),
        strict("TCP", [.tcpSyn(from: asymmetric, to: virtualAddress)]),
        strict(
            "fragments of a UDP datagram", datagrams: 1,
            IPv4Packet.udp(from: asymmetric, to: virtualAddress, payload: [UInt8](repeating: 0x2A, count: 2_000))
                .fragments(of: 1_024)),
    ]

    private static func strict(_ name: String, datagrams: Int = 1, _ packets: [IPv4Packet]) -> Scenario {
        Scenario(
            "strict mode drops \(name)",
            setup: [.rpFilter("a0", 1), .virtualAddressOnLoopback],
            traffic: .packets(packets, times: 4), acceptedCount: datagrams * 4,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)])
    }
}
