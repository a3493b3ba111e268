// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Routing

extension AdviceCase {
    private static let a0 = Lab.a0
    private static let toService = packet(from: Lab.asymmetric, to: serviceAddress)
    private static let toHost = packet(from: Lab.asymmetric, to: Lab.local)

    /// The modes of rp_filter: which of `all` and the interface counts, and what can be done on one interface alone.
    static let modeCases: [Self] = [
        Self(
            "LVS-DR, strict by the interface",
            Problem(
                .wrongInterface, of: toService,
                in: host {
                    $0.serviceAddressOnLoopback()
                    $0[a0].rpFilter = 1
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose],
            rejected: [
                ("loose for all", "turns the check on for lo (0 to 2) and b0 (0 to 2)"),
                ("off for this interface: a0=0", "leaves a0 without any check; interface_loose does it for a0 alone"),
                ("off for all", "a0 itself is at 1, which all=0 does not lower"),
                ("a rule for what comes in there: ip rule iif a0", "input interface is lo, never a0"),
            ],
            says: ["replies leave as before, by b0"]),
        Self(
            "strict by all over 0",
            Problem(
                .wrongInterface, [.allOverridesInterface], of: toService,
                in: host {
                    $0.serviceAddressOnLoopback()
                    $0[0].rpFilter = 1
                    $0[Lab.b0].rpFilter = 2
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=0"], widens: ["a0 1>2"],
            alternatives: [.policyRule, .route, .allLoose, .allOff],
            rejected: [
                ("loose for all", "weakens lo (1 to 2)"),
                (
                    "off for this interface",
                    "No effect: a0 is at 0 already, and the kernel uses the larger of all=1 and a0=0"
                ),
                ("off for all", "Works, but it turns the check off for lo (1 to 0)"),
            ]),
        Self(
            "loose on an interface without an address",
            Problem(
                .noAddress, [.unnumberedInterface], of: toHost,
                in: host {
                    $0.unnumber()
                    $0[a0].rpFilter = 2
                }),
            .interfaceAddress, ["ip addr add 192.0.2.1/32 dev a0"], revert: ["ip addr del 192.0.2.1/32 dev a0"],
            alternatives: [.route, .interfaceOff],
            rejected: [("loose for all", "a0 has no IPv4 address"), ("off for all", "a0 itself is at 2")]),
        Self(
            "strict on an interface without an address",
            Problem(
                .noAddress, [.unnumberedInterface], of: toHost,
                in: host {
                    $0.unnumber()
                    $0[a0].rpFilter = 1
                }),
            .interfaceAddress, ["ip addr add 192.0.2.1/32 dev a0", "sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1", "ip addr del 192.0.2.1/32 dev a0"], widens: ["a0 1>2"],
            alternatives: [.route, .interfaceOff],
            rejected: [("loose for this interface: a0=2", "a0 has no IPv4 address")]),
        Self(
            "own addresses accepted, under strict mode",
            Problem(
                .wrongInterface, [.spoofSuspected], of: packet(from: Lab.own, to: Lab.local),
                in: host {
                    $0[a0].acceptLocal = true
                    $0[a0].rpFilter = 1
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.a0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.a0.rp_filter=1"], widens: ["a0 1>2"], alternatives: [.allLoose]),
        Self(
            "what a tunnel unpacks",
            Problem(
                .wrongInterface, [.decapsulated], on: 5, of: packet(from: Lab.asymmetric, to: serviceAddress, mac: nil),
                in: host {
                    $0.addLink(5, "tun0", kind: "tun", mode: 1)
                    $0.assign("203.0.113.193/26", to: 5)
                    $0.serviceAddressOnLoopback()
                }),
            .interfaceLoose, ["sysctl -w net.ipv4.conf.tun0.rp_filter=2"],
            revert: ["sysctl -w net.ipv4.conf.tun0.rp_filter=1"], widens: ["tun0 1>2"],
            alternatives: [.policyRule, .route, .allLoose],
            rejected: [("off for the outer interface: b0=0", "checked again, on tun0")]),
        Self(
            "the sender is a neighbour of another interface",
            Problem(
                .wrongInterface, [.spoofSuspected], of: packet(from: Lab.remote, to: Lab.local),
                in: host {
                    $0.knowClient()
                    $0[a0].rpFilter = 1
                }),
            .none, predicted: .drop, alternatives: [.interfaceLoose, .policyRule, .route, .allLoose],
            says: ["198.51.100.2 belongs to the network on b0"]),
    ]

    /// Interface names that mean something else to somebody.
    static let nameCases: [(name: InterfaceName, command: String, revert: String)] = [
        ("eth0.100", "sysctl -w net/ipv4/conf/eth0.100/rp_filter=2", "sysctl -w net/ipv4/conf/eth0.100/rp_filter=1"),
        (
            "a;b$(c)", "sysctl -w 'net.ipv4.conf.a;b$(c).rp_filter=2'", "sysctl -w 'net.ipv4.conf.a;b$(c).rp_filter=1'"
        ),
        ("-x", "sysctl -w net.ipv4.conf.-x.rp_filter=2", "sysctl -w net.ipv4.conf.-x.rp_filter=1"),
        (
            "it's", "sysctl -w 'net.ipv4.conf.it'\\''s.rp_filter=2'", "sysctl -w 'net.ipv4.conf.it'\\''s.rp_filter=1'"
        ),
        (
            "a=b", "sh -c 'echo 2 > \"/proc/sys/net/ipv4/conf/$1/rp_filter\"' sh a=b",
            "sh -c 'echo 1 > \"/proc/sys/net/ipv4/conf/$1/rp_filter\"' sh a=b"
        ),
        (
            InterfaceName(bytes: [0x65, 0xFF]),
            "sh -c 'echo 2 > \"/proc/sys/net/ipv4/conf/$1/rp_filter\"' sh \"$(printf '\\145\\377')\"",
            "sh -c 'echo 1 > \"/proc/sys/net/ipv4/conf/$1/rp_filter\"' sh \"$(printf '\\145\\377')\""
        ),
    ]
}
