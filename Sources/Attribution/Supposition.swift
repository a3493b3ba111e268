// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
package import Packets
package import Routing

/// A packet that nobody sent, and what the kernel's check would say to it: the answer of `explain`.
package struct Supposition: Sendable {
    package var packet: Packet
    package var ingress: Link
    package var verdict: Verdict
    /// Where the destination leads when the packet comes in; nil when no lookup of it is made.
    package var forward: ReverseRoute?
    /// What the reverse lookup finds; nil when the check is decided without one.
    package var reverse: ReverseRoute?
    /// What a refusal would look like as a drop, with its judgement; nil when the packet is not refused.
    package var refusal: (drop: DropEvent, attribution: DropAttribution)?

    /// Supposes that `packet` comes in by `ingress`, as an IP packet or (with the sender as source) as an ARP request.
    package init(_ packet: Packet, entering ingress: Link, isARP: Bool = false, model: RoutingModel) {
        self.packet = packet
        self.ingress = ingress
        verdict = model.validateSource(packet, ingress: ingress.index, path: isARP ? .arp : nil)
        forward = model.destinationLookup(packet, ingress: ingress.index, isARP: isARP).map {
            ReverseRoute($0, model: model)
        }
        reverse = verdict.reverse.map { ReverseRoute($0, model: model) }
        if case .refuse(let refusal) = verdict.decision {
            let drop = DropEvent(packet, entering: ingress, refusal, verdict, model)
            var attribution = attribute(drop, model: model, lastChange: nil)
            // Nothing was dropped: all of it is the model's word.
            attribution.certainty = Certainty(attributed: .inferred, cause: .inferred)
            attribution.inferredFrom = InferenceSource(snapshotTime: model.facts.time, raced: false)
            self.refusal = (drop, attribution)
        }
    }

    /// The refusal as the only drop of a finding, to be advised on; nil when the packet is not refused.
    package func finding(in model: RoutingModel) -> Finding? {
        guard let refusal else { return nil }
        var table = FindingTable(maximumFindings: 1)
        _ = table.record(
            refusal.drop, attribution: refusal.attribution, namespace: model.facts.namespace,
            rulesSelectOnFlow: model.rulesSelectOnFlow)
        return table.findings.first
    }
}

extension DropEvent {
    /// What the hooks would record of the refusal, except that no hook saw it.
    fileprivate init(
        _ packet: Packet, entering ingress: Link, _ refusal: Refusal, _ verdict: Verdict, _ model: RoutingModel
    ) {
        let outcome: DropOutcome =
            switch refusal {
            case .wrongInterface, .noRoute, .noAddress: .reversePathFilter
            case .localSource: .localSource
            case .invalidSource: .invalidSource
            case .localnet: .localnet
            }
        let path = PacketPath(verdict.path)
        let all = model.facts.configuration.all
        let own = model.facts.configuration.own(ingress.index)
        let vrf = model.vrf(of: ingress.index)
        self.init(
            key: DropKey(
                namespaceCookie: model.facts.namespace.cookie ?? 0, namespaceInode: model.facts.namespace.inode,
                interfaceIndex: ingress.index, reason: 0, outcome: outcome, path: path,
                interfaceHasAddress: model.hasAddress(ingress.index)),
            hooks: [], time: model.facts.time, packet: packet, interfaceName: ingress.name,
            interfaceKind: ingress.kind, vrf: vrf == 0 ? nil : vrf,
            sysctls: SysctlsAtDrop(
                rpFilterAll: all.rpFilter, rpFilterInterface: own.rpFilter, acceptLocalAll: all.acceptLocal,
                acceptLocalInterface: own.acceptLocal, srcValidMarkAll: all.srcValidMark,
                srcValidMarkInterface: own.srcValidMark),
            path: path, outputInterface: verdict.outputInterface, hasCustomRules: model.hasCustomRules,
            hasCustomLocalRoutes: model.hasCustomLocalRoutes)
    }
}

extension PacketPath {
    package init(_ path: CheckPath) {
        switch path {
        case .input: self = .input
        case .forward: self = .forward
        case .multicast: self = .multicast
        case .broadcast: self = .broadcast
        case .arp: self = .arp
        }
    }
}
