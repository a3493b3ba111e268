// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Which bits of a packet's TOS octet the reverse lookup sees: selectors by `tos` are compared in three bits (0x1C) on
/// every kernel, whatever it hands on; rules by `dscp` in all six, where there are such rules.
package enum TypeOfService {
    /// Low three bits of the DSCP as in `tos 0x08`, and one above.
    private static let packetTOS: UInt8 = 0x88
    private static let packetDSCP: UInt8 = 0x22

    private static func traffic(tos: UInt8) -> Traffic {
        var packet = IPv4Packet.udp(from: asymmetric, to: hostOnA)
        packet.tos = tos
        return .packets(packet)
    }

    private static func dropped(factors: [String] = []) -> Expectation {
        .dropped(
            ExpectedDrop(
                "wrong_interface", factors: factors + ["reply_path_broken"], sysctl: (all: 0, interface: 1),
                reverse: .unicast("b0", via: server), fix: ExpectedFix("policy_rule"), alternatives: ["interface_loose"]
            ))
    }

    package static let scenarios: [Scenario] = [
        Scenario(
            "ip rule tos: the reverse lookup matches it whatever the high bits of the packet's DSCP",
            setup: [.rpFilter("a0", 1), PolicyRules.routeInTable100, .ip("rule add tos 0x08 lookup 100")],
            traffic: traffic(tos: packetTOS), expect: .accepted),

        Scenario(
            "ip rule tos: a packet with another TOS is not for it",
            setup: [.rpFilter("a0", 1), PolicyRules.routeInTable100, .ip("rule add tos 0x10 lookup 100")],
            traffic: traffic(tos: packetTOS), expect: dropped(factors: ["secondary_table_only"])),

        Scenario(
            "a route with high bits in its TOS is for no packet, not even for one with the same",
            setup: [
                .rpFilter("a0", 1), .ip("route add 203.0.113.0/25 tos 0x88 via \(neighbor) dev a0"),
            ],
            traffic: traffic(tos: packetTOS), expect: dropped()),

        Scenario(
            "ip rule dscp: the reverse lookup matches it in all six bits",
            setup: [.rpFilter("a0", 1), PolicyRules.routeInTable100, .dscpRule(packetDSCP, table: 100)],
            traffic: traffic(tos: packetTOS), expect: .accepted),

        // A kernel without such rules makes one for every packet of it.
        Scenario(
            "ip rule dscp: a packet with the same low bits is not for it, unless the kernel has no such rules",
            setup: [.rpFilter("a0", 1), PolicyRules.routeInTable100, .dscpRule(packetDSCP, table: 100)],
            traffic: traffic(tos: 0x08),
            expect: KernelTypes.have("FRA_DSCP") ? dropped(factors: ["secondary_table_only"]) : .accepted),
    ]
}
