// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension Situation {
    /// An address for the ingress interface: loose mode refuses everything that is routed elsewhere only where there is
    /// none, and any /32 will do.
    var addressOnInterface: FixCandidate? {
        guard facts.addresses(on: ingress.index).isEmpty, let address = borrowedAddress else { return nil }
        var changes: [Change] = [
            .addAddress(
                InterfaceAddress(
                    interface: ingress.index, local: address, prefix: IPv4Prefix(address, length: 32)))
        ]
        var mode = ""
        if isStrict {
            changes.append(.set(.interface(ingress.index), .rpFilter, 2))
            mode = " and loose mode (2) there"
        }
        return FixCandidate(
            .interfaceAddress,
            "Give \(interface) this host's address \(address) as a /32\(mode): an interface with an address accepts"
                + " sources that are routed through another one.",
            changes, sideEffects: ["This host may choose \(address) as the source of what it sends by \(interface)."])
    }

    /// One of this host's own addresses: the one the packets are for, else the one it answers their sources with.
    private var borrowedAddress: IPv4Address? {
        let own = Set(facts.addresses.map(\.local))
        if let destination = destinations.first(where: { own.contains($0) && !$0.isLoopback }) { return destination }
        if let preferred = reverseRoute?.preferredSource, own.contains(preferred) { return preferred }
        let usable = facts.addresses.filter { $0.scope == 0 && !$0.local.isLoopback }
        return (usable.first { $0.interface == reverseInterface?.index } ?? usable.first)?.local
    }
}
