// SPDX-License-Identifier: Apache-2.0
import Lab

/// A client that the host reaches through `b0`.
let asymmetric = "203.0.113.5"
/// A source that no route covers.
let unrouted = "203.0.113.200"
/// The client's own address, on-link on `a0`.
let neighbor = "192.0.2.2"
/// The host's address on `a0`.
let hostOnA = "192.0.2.1"
/// The host's address on `b0`.
let hostOnB = "198.51.100.1"
/// The server's address, beyond `b0`.
let server = "198.51.100.2"
/// A service address that several hosts share, as under LVS.
let virtualAddress = "203.0.113.250"

/// The client's address towards another namespace than the host's, and that namespace's own.
let outsideNeighbor = "203.0.113.194"
let outside = "203.0.113.193"

extension Step {
    /// The client's packet filter drops what it sends to UDP port 9: drops in process context, of packets that were never
    /// given a device.
    static let clientDropsItsDatagrams = nft(
        """
        add table ip guard
        add chain ip guard departure { type filter hook output priority filter; }
        add rule ip guard departure udp dport 9 drop
        """, at: .client)

    /// `c0` of another namespace and `c1` of the client: the way that what it carries takes to the host's.
    static let outsideUplink: [Self] = [
        .ip(
            """
            link add name c0 address \(Testbed.ethernetText("c0")) type veth \
            peer name c1 address \(Testbed.ethernetText("c1")) netns @client
            """, at: .container),
        .ip("address add \(outside)/30 dev c0", at: .container), .ip("link set c0 up", at: .container),
        .ip("address add \(outsideNeighbor)/30 dev c1", at: .client), .ip("link set c1 up", at: .client),
        // Whoever forgets that the interface is only half in there would find it strict.
        .sysctl("conf/c0/rp_filter", 1, at: .container),
    ]

    /// The service address on `lo`.
    static let virtualAddressOnLoopback = Self.ip("address add \(virtualAddress)/32 dev lo")

    /// The host has seen the client and knows its Ethernet address.
    static let knownClient = Self.ip(
        "neighbor replace \(neighbor) lladdr \(Testbed.ethernetText("a1")) dev a0 nud reachable")

    /// `a0` loses its address; the host keeps it on `lo`.
    static let unnumbered: [Self] = [
        .ip("address flush dev a0"), .ip("address add \(hostOnA)/32 dev lo"),
    ]
}
