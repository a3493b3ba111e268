// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Netfilter on a bridge (br_netfilter) handles frames as IP packets while they are still its port's.
package enum BridgeFilters {
    package static let scenarios: [Scenario] = [
        Scenario(
            "bridge-nf-call-iptables=1: the bridge decides, whatever its port says",
            requires: [.bridgeNetfilter],
            setup: bridge + [.virtualAddressOnLoopback, .rpFilter("a0", 2), .rpFilter("e0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose("e0"))),
            remedy: [.rpFilter("e0", 2)]),

        Scenario(
            "bridge-nf-call-iptables=1: a fib expression drops a frame in the name of the bridge",
            requires: [.bridgeNetfilter, .fib],
            setup: bridge + [
                .virtualAddressOnLoopback,
                .nft(
                    """
                    add table ip guard
                    add chain ip guard arrival { type filter hook prerouting priority raw; }
                    add rule ip guard arrival fib saddr . iif oif missing drop
                    """),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "netfilter", on: "e0", sysctl: (all: 0, interface: 0), certainty: "observed",
                    fix: ExpectedFix("netfilter_rule"))),
            remedy: [.nft("insert rule ip guard arrival iifname \"e0\" accept")]),

        Scenario(
            "bridge-nf-call-iptables=1: a frame whose destination is translated is checked on the bridge",
            requires: [.bridgeNetfilter, .tool("nft")],
            setup: bridge + [
                .rpFilter("e0", 1),
                .nft(
                    """
                    add table ip nat
                    add chain ip nat arrival { type nat hook prerouting priority dstnat; }
                    add rule ip nat arrival ip daddr \(virtualAddress) dnat to \(hostOnB)
                    """),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress))
                .carrying(.udp(from: asymmetric, to: hostOnB)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "e0", factors: ["dnat"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("e0"), inBridge: true)),
            remedy: [.rpFilter("e0", 2)]),
    ]

    /// `a0` is the port of `e0`, which has its address.
    private static let bridge: [Step] = [
        .ip("link add name e0 address \(Testbed.ethernetText("a0")) type bridge"), .ip("address flush dev a0"),
        .ip("link set a0 master e0"), .ip("address add \(hostOnA)/24 dev e0"), .ip("link set e0 up"),
        .command("sysctl -q -w net.bridge.bridge-nf-call-iptables=1"),
    ]
}
