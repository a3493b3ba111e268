// SPDX-License-Identifier: Apache-2.0
package import Attribution
package import Drops
package import Facts
package import Packets

/// One shown drop with the judgement about it: the payload of `rpf-drop`.
///
/// It refers to the values it is made of and copies none of their fields: one is made for every drop.
package struct DropReport: Hashable, Sendable {
    package var drop: DropEvent
    package var attribution: DropAttribution
    package var namespace: NamespaceIdentity
    /// Nil for drops that produce no finding (cause `other`).
    package var findingID: String?
    /// `attribution.inferredFrom.snapshotTime` on the wall clock.
    package var snapshotTime: WallTime?
    /// Name of the ingress interface's VRF, when the snapshot knows it.
    package var vrf: InterfaceName?

    package init(
        _ drop: DropEvent, attribution: DropAttribution, namespace: NamespaceIdentity, findingID: String?,
        clock: ClockOffset, vrf: InterfaceName? = nil
    ) {
        self.drop = drop
        self.attribution = attribution
        self.namespace = namespace
        self.findingID = findingID
        self.vrf = vrf
        snapshotTime = attribution.inferredFrom.map { clock.wall($0.snapshotTime) }
    }
}

extension DropReport {
    /// What was refused is an ARP request: it has no IP header, only a sender and a target.
    var isARP: Bool { drop.key.path == .arp }
}

extension Event {
    /// The event of one drop, at the time of the kernel's record.
    package init(
        drop: DropEvent, attribution: DropAttribution, namespace: NamespaceIdentity, findingID: String?,
        clock: ClockOffset, origin: Origin, vrf: InterfaceName? = nil
    ) {
        self.init(
            time: clock.wall(drop.time), origin: origin,
            payload: .drop(
                DropReport(
                    drop, attribution: attribution, namespace: namespace, findingID: findingID, clock: clock, vrf: vrf))
        )
    }
}
