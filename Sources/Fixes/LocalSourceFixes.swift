// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

extension Situation {
    /// Where this host has the source address itself.
    var sourceOwners: [InterfaceAddress] {
        guard let source = sources.first, sources.count == 1 else { return [] }
        return facts.addresses.filter { $0.local == source }
    }

    var acceptLocal: FixCandidate? {
        // Under strict mode the packet would only be refused by rp_filter instead.
        guard !effective.acceptLocal, !isStrict else { return nil }
        let reason =
            if factors.contains(.fwmarkHitsLocal) {
                "the mark leads the reverse lookup to a local table on purpose"
            } else if isLocalSourceMeant {
                "this host is set up to receive its own addresses from outside"
            } else {
                "right when this host and the sender are both meant to have the address"
            }
        return FixCandidate(
            .acceptLocal, "Accept this host's own addresses as sources on \(interface): \(reason).",
            [.set(.interface(ingress.index), .acceptLocal, 1)],
            sideEffects: [
                "Anybody on \(interface) can then send with one of this host's own addresses, which services may trust."
            ])
    }

    /// True when the topology shows that packets with own addresses are meant to come in from outside.
    var isLocalSourceMeant: Bool {
        // A local route that is not an address of this host: a TPROXY-style catch-all.
        if sourceOwners.isEmpty { return reverseRoute?.kind == .local }
        let isOwnFrame = sourceMAC.map(isOwnMAC) ?? false
        // The host talks to itself over the wire: somebody moved the local table behind other rules to make it do so.
        let firstRule = facts.rules.min { $0.priority < $1.priority }
        if isOwnFrame && firstRule?.action != .lookup(table: Route.Table.local) { return true }
        // One address shared by several interfaces.
        return Set(sourceOwners.filter { !isLoopbackLike($0.interface) }.map(\.interface)).count > 1
    }

    /// Take the address away where another station uses it rightfully: a service address on lo or a dummy device, or an
    /// address that a station on the same wire has too.
    var removeSourceAddress: FixCandidate? {
        let owners = sourceOwners
        guard let owner = owners.first, !owner.local.isLoopback, !(sourceMAC.map(isOwnMAC) ?? false),
            owners.allSatisfy({ isServiceAddress($0) || isDuplicate($0) })
        else { return nil }
        let places = listing(owners.compactMap { facts.link($0.interface)?.name.display })
        let sender = sourceMAC.map { "the station \($0) on \(interface)" } ?? "another station on \(interface)"
        var effects = ["This host no longer answers for \(owner.local), and connections from it end."]
        if owners.contains(where: { $0.prefix.length < 32 }) {
            effects.append(
                "Its connected route and everything that used it go too, as do secondary addresses of \(owner.prefix)"
                    + " unless promote_secondaries is set; the revert brings back the address alone.")
        }
        return FixCandidate(
            .removeLocalAddress,
            "Remove \(owner.local) from \(places): \(sender) sends with it, and a host never accepts its own address"
                + " from outside.",
            owners.map { .removeAddress($0) }, sideEffects: effects)
    }

    private func isServiceAddress(_ address: InterfaceAddress) -> Bool {
        isLoopbackLike(address.interface) && address.prefix.length == 32
    }

    /// Somebody else on the wire that the address belongs to sends with it.
    private func isDuplicate(_ address: InterfaceAddress) -> Bool {
        address.interface == ingress.index && sourceMAC != nil
    }

    private func isLoopbackLike(_ index: UInt32) -> Bool {
        guard let link = facts.link(index) else { return false }
        return link.isLoopback || link.kind == "dummy"
    }
}
