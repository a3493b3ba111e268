// SPDX-License-Identifier: Apache-2.0
package import Lab

/// The kernel takes a packet that came through IPsec out of the check, as long as it still knows that it did.
package enum IPsec {
    private static let inner = Traffic.packets(.udp(from: asymmetric, to: virtualAddress))

    package static let scenarios: [Scenario] = [
        Scenario(
            "IPsec in tunnel mode: what was inside is exempt from strict mode",
            requires: [.esp],
            setup: tunnel + strict,
            traffic: inner.routedByClient(),
            carrierCount: 3,
            expect: .accepted),

        Scenario(
            "the same packet in the clear is dropped, though IPsec is set up",
            requires: [.esp],
            setup: tunnel + strict,
            traffic: inner,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        // The inner packet is counted once more when it is delivered.
        Scenario(
            "IPsec in transport mode: the ESP packet has the sender's own address and is dropped before it is decrypted",
            requires: [.esp],
            setup: esp(from: asymmetric, mode: "transport", at: .host)
                + esp(from: asymmetric, mode: "transport", at: .client)
                + policy("out", from: asymmetric, mode: "transport", at: .client)
                + [
                    .ip("address add \(asymmetric)/32 dev lo", at: .client),
                    .ip("route add \(virtualAddress) via \(hostOnA) src \(asymmetric)", at: .client),
                    // Strict mode does not answer when that address asks for the host's Ethernet address either.
                    .ip(
                        "neighbor add \(hostOnA) lladdr \(Testbed.ethernetText("a0")) dev a1 nud permanent",
                        at: .client),
                ] + strict,
            traffic: inner.routedByClient().carrying(
                IPv4Packet(source: asymmetric, destination: virtualAddress, protocol: 50)),
            acceptedCount: 6,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose())),
            remedy: [.rpFilter("a0", 2)]),

        Scenario(
            "a VTI device forgets that its packets came through IPsec: they are checked on it",
            requires: [.esp, .linkType("vti", "local 192.0.2.1 remote 192.0.2.2 key 7", modules: ["ip_tunnel"])],
            setup: [
                .ip("link add name vti7 type vti local \(hostOnA) remote \(neighbor) key 7"),
                .ip("address add 203.0.113.129/26 dev vti7"), .ip("link set vti7 up"), .rpFilter("vti7", 1),
            ] + esp(from: neighbor, mode: "tunnel", "mark 7", at: .host)
                + policy("in", from: neighbor, mode: "tunnel", "mark 7", at: .host) + sending(to: hostOnA) + strict,
            traffic: inner.routedByClient(),
            carrierCount: 3,
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "vti7", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("vti7"))),
            remedy: [.rpFilter("vti7", 2)]),

        Scenario(
            "an XFRM interface remembers it: its packets are exempt, strict as it may be",
            requires: [.esp, .linkType("xfrm", link: "link probe0", "if_id 7")],
            setup: [
                .ip("link add link a0 name xfrm7 type xfrm if_id 7"),
                .ip("address add 203.0.113.129/26 dev xfrm7"), .ip("link set xfrm7 up"), .rpFilter("xfrm7", 1),
            ] + esp(from: neighbor, mode: "tunnel", "if_id 7", at: .host)
                + policy("in", from: neighbor, mode: "tunnel", "if_id 7", at: .host) + sending(to: hostOnA) + strict,
            traffic: inner.routedByClient(),
            carrierCount: 3,
            expect: .accepted),

        Scenario(
            "an XFRM interface taken to another namespace does not: its packets are checked on it",
            requires: [.esp, .linkType("xfrm", link: "link probe0", "if_id 7")],
            setup: Step.outsideUplink + [
                .ip("link add link c0 name xfrm7 type xfrm if_id 7", at: .container),
                .ip("link set xfrm7 netns @host", at: .container),
                .ip("address add 203.0.113.129/26 dev xfrm7"), .ip("link set xfrm7 up"), .rpFilter("xfrm7", 1),
                .virtualAddressOnLoopback,
            ] + esp(from: outsideNeighbor, to: outside, mode: "tunnel", "if_id 7", at: .container)
                + policy("in", from: outsideNeighbor, to: outside, mode: "tunnel", "if_id 7", at: .container)
                + sending(from: outsideNeighbor, to: outside),
            traffic: inner.routedByClient(),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: "xfrm7", factors: ["decapsulated"], sysctl: (all: 0, interface: 1),
                    reverse: .unicast("b0", via: server), fix: .interfaceLoose("xfrm7"))),
            remedy: [.rpFilter("xfrm7", 2)]),
    ]

    /// The client wraps what it sends to the service address, the host unwraps it and also takes it in the clear.
    private static let tunnel: [Step] =
        esp(from: neighbor, mode: "tunnel", at: .host) + policy("in", from: neighbor, mode: "tunnel", at: .host)
        + sending(to: hostOnA)

    private static let strict: [Step] = [.virtualAddressOnLoopback, .rpFilter("a0", 1)]

    /// The client's side of a tunnel.
    private static func sending(from source: String = neighbor, to destination: String) -> [Step] {
        esp(from: source, to: destination, mode: "tunnel", at: .client)
            + policy("out", from: source, to: destination, mode: "tunnel", at: .client)
            + [.ip("route add \(virtualAddress) via \(destination)", at: .client)]
    }

    /// One direction of a pair of hosts, with a key of nobody.
    private static func esp(
        from source: String, to destination: String? = nil, mode: String, _ selector: String = "", at place: Place
    ) -> [Step] {
        let destination = destination ?? (mode == "tunnel" ? hostOnA : virtualAddress)
        let key = String(repeating: "5a", count: 20)
        return [
            .ip(
                """
                xfrm state add src \(source) dst \(destination) proto esp spi 7 mode \(mode) \(selector) \
                aead rfc4106(gcm(aes)) 0x\(key) 128
                """, at: place)
        ]
    }

    /// What is sent to the service address takes it, or may have come by it.
    private static func policy(
        _ direction: String, from source: String, to destination: String? = nil, mode: String, _ selector: String = "",
        at place: Place
    ) -> [Step] {
        let ends = mode == "tunnel" ? "src \(source) dst \(destination ?? hostOnA)" : ""
        let level = direction == "in" ? "level use" : ""
        return [
            .ip(
                """
                xfrm policy add src 0.0.0.0/0 dst \(virtualAddress)/32 dir \(direction) \(selector) \
                tmpl \(ends) proto esp mode \(mode) \(level)
                """, at: place)
        ]
    }
}
