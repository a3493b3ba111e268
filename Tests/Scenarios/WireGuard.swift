// SPDX-License-Identifier: Apache-2.0
package import Lab

/// A packet that WireGuard decrypted is checked on the tunnel's device, whatever became of its carrier.
package enum WireGuard {
    package static let scenarios: [Scenario] = [
        Scenario(
            "WireGuard: an allowed source whose way back is the NIC, beneath a strict NIC that took the carrier",
            requires: [.wireGuard],
            setup: device(at: .host) + configured + peer(of: hostOnA)
                + [.virtualAddressOnLoopback, .rpFilter("a0", 1), .rpFilter("wg0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).routedByClient(),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "wg0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("wg0"),
                    alternatives: ["policy_rule"])),
            remedy: [.rpFilter("wg0", 2)]),

        Scenario(
            "WireGuard whose socket is in another namespace: what was decrypted there is dropped here",
            requires: [.wireGuard],
            setup: Step.outsideUplink + device(at: .container) + [.ip("link set wg0 netns @host", at: .container)]
                + configured + peer(of: outside) + [.virtualAddressOnLoopback, .rpFilter("wg0", 1)],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)).routedByClient(),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "wg0", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("wg0"),
                    alternatives: ["policy_rule"])),
            remedy: [.rpFilter("wg0", 2)]),
    ]

    /// Its socket stays in the namespace where the device was made.
    private static func device(at place: Place) -> [Step] {
        [
            .ip("link add name wg0 type wireguard", at: place),
            .command(
                "wg set wg0 private-key /proc/self/fd/0 listen-port 51820 peer \(client.open) allowed-ips \(asymmetric)",
                input: host.secret, at: place),
        ]
    }

    private static let configured: [Step] = [
        .ip("address add 203.0.113.129/26 dev wg0"), .ip("link set wg0 up"),
    ]

    /// The client's end, once the two have agreed on keys: from then on nothing but the traffic is carried.
    private static func peer(of endpoint: String) -> [Step] {
        [
            .ip("link add name wg1 type wireguard", at: .client),
            .command(
                """
                wg set wg1 private-key /proc/self/fd/0 peer \(host.open) endpoint \(endpoint):51820 \
                allowed-ips \(virtualAddress) persistent-keepalive 3600
                """, input: client.secret, at: .client),
            .ip("link set wg1 up", at: .client), .ip("route add \(virtualAddress) dev wg1", at: .client),
            .wait(for: "wg show wg0 latest-handshakes") { $0.split(whereSeparator: \.isWhitespace).last != "0" },
        ]
    }

    /// Keys of nobody: they only have to fit each other.
    private static let host = (
        secret: "+C/5IxMdSH4WJmlHSc0YXb/eTqOEjRAkTDnpDqo76EA=", open: "ISVMl2AyAe5/t4+RnrypelUvUNWMJqWtn7sdmJLaACY="
    )
    private static let client = (
        secret: "wGBeofC9qI1+tGmLwg05KkI0hZo35Akbuzk5PuGm72U=", open: "zIgzEkB9qvntbveCgMb6ihu4C2LIe4KQBN9T8u8hcUY="
    )
}
