// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Routing

extension Situation {
    /// The kept drops whose source belongs on another wire of this host, or on none.
    private var suspects: [Trial] {
        // With accept_local the host is told to expect its own addresses; in a shared subnet either interface is right.
        guard !factors.contains(.sameSubnetInterfaces), reverseRoute?.kind != .local else { return [] }
        return trials.filter { baseline.isSuspect($0.packet.source, on: ingress.index) }
    }

    private func addresses(of suspects: [Trial]) -> String {
        listing(Set(suspects.map(\.packet.source)).sorted().map(\.description), limit: 3)
    }

    /// Why packets with such sources should not be let in; nil when most of the drops have others.
    var spoofReason: String? {
        let suspects = suspects
        let weight = suspects.reduce(0) { $0 &+ $1.count }
        let all = trials.reduce(0) { $0 &+ $1.count }
        guard !suspects.isEmpty, factors.contains(.spoofSuspected) || weight > all - weight else { return nil }
        let place = suspects.lazy.compactMap { suspect in
            facts.links.first { link in
                link.index != ingress.index
                    && connectedPrefixes(on: link.index).contains { $0.contains(suspect.packet.source) }
            }
        }.first
        let claim =
            place.map { "belongs to the network on \($0.name.display)" } ?? "is in a block that no router passes on"
        return
            "rp_filter did its job: the source \(addresses(of: suspects)) \(claim), so these packets look forged. Only"
            + " if they are expected on \(interface) is one of the alternatives right."
    }

    /// What a fix lets in besides the packets that it is meant for.
    var suspectNote: [String] {
        let suspects = suspects
        guard !suspects.isEmpty else { return [] }
        return [
            "It lets in packets from \(addresses(of: suspects)) too, which look forged: these addresses belong to another"
                + " interface, or to no network."
        ]
    }
}
