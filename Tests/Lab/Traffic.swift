// SPDX-License-Identifier: Apache-2.0

/// The packets of a scenario and where they come in.
package struct Traffic: Sendable {
    package enum Entry: Sendable {
        /// Out of an interface of a neighbour, to the Ethernet address of another one.
        case wire(from: String, to: String, at: Place = .client)
        /// By a neighbour's own IP stack, over the route that it has.
        case stack(Place)
        /// Unpacked by a TUN device of the host.
        case tunnel(String)
    }

    package var packets: [IPv4Packet]
    package var times: Int
    package var entry: Entry
    /// The packets as the check sees them, where a tunnel carries them.
    package var checked: [IPv4Packet]?

    /// Packets from the client to the host's `a0`.
    package static func packets(_ packets: IPv4Packet..., times: Int = 3) -> Self {
        Self(packets: packets, times: times, entry: .wire(from: "a1", to: "a0"))
    }

    package static func packets(_ packets: [IPv4Packet], times: Int = 3) -> Self {
        Self(packets: packets, times: times, entry: .wire(from: "a1", to: "a0"))
    }

    /// The same out of another interface, of the client or elsewhere, or to the Ethernet address of another one.
    package func entering(from interface: String = "a1", to receiver: String, at place: Place = .client) -> Self {
        var copy = self
        copy.entry = .wire(from: interface, to: receiver, at: place)
        return copy
    }

    /// The same sent by the client's own IP stack, which encrypts or wraps it as it is set up to.
    package func routedByClient() -> Self {
        var copy = self
        copy.entry = .stack(.client)
        return copy
    }

    /// The same out of a tunnel.
    package func unpacked(by device: String) -> Self {
        var copy = self
        copy.entry = .tunnel(device)
        return copy
    }

    /// The same, carrying `packet`.
    package func carrying(_ packet: IPv4Packet) -> Self {
        var copy = self
        copy.checked = [packet]
        return copy
    }

    /// How many packets are sent in all.
    package var count: Int { packets.count * times }
}
