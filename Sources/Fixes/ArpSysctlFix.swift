// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

extension Situation {
    /// Two interfaces in one subnet: each answers ARP for the other's address, and luck decides where packets come in.
    /// With these settings each answers for its own address alone.
    var arpPerInterface: FixCandidate? {
        guard factors.contains(.sameSubnetInterfaces), let destination = destinations.first, destinations.count == 1,
            let owner = facts.addresses.first(where: { $0.local == destination })?.interface, owner != ingress.index,
            let ownerName = facts.link(owner)?.name.display
        else { return nil }
        let changes: [Change] = [ingress.index, owner].sorted().flatMap { index -> [Change] in
            let own = facts.configuration.own(index)
            return [
                .set(.interface(index), .arpIgnore, max(1, own.arpIgnore)),
                .set(.interface(index), .arpAnnounce, max(2, own.arpAnnounce)),
            ]
        }
        return FixCandidate(
            .arpSysctl,
            "Answer ARP for \(destination) on \(ownerName) alone, which has the address: the packets then come in where"
                + " the reply leaves.",
            changes,
            sideEffects: ["It works once the neighbours have forgotten the other MAC address of \(destination)."],
            arrivesOn: owner, isUncertain: true)
    }
}
