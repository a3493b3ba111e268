// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Routing

/// A drop together with the simulated check of its packet, under the sysctls and flags that the kernel read at the drop.
struct Situation {
    let drop: DropEvent
    let model: RoutingModel
    /// The effective sysctls of the ingress interface.
    let configuration: InterfaceConfiguration
    let hasAddress: Bool
    let verdict: Verdict

    init(_ drop: DropEvent, model: RoutingModel) {
        let facts = DropFacts(drop, namespace: model.facts.namespace)
        var configuration = model.facts.configuration.effective(drop.key.interfaceIndex)
        if let sysctls = drop.sysctls {
            configuration.acceptLocal = sysctls.acceptLocal
            configuration.srcValidMark = sysctls.srcValidMark
            configuration.rpFilter = sysctls.effective
        }
        // A value that was changed before it could be read cannot have been 0. Strict refuses all that any mode refuses.
        if drop.key.outcome == .reversePathFilter && configuration.rpFilter == 0 { configuration.rpFilter = 1 }
        self.drop = drop
        self.model = model.assuming(customRules: drop.hasCustomRules, customLocalRoutes: drop.hasCustomLocalRoutes)
        self.configuration = configuration
        hasAddress = facts.hasAddress ?? model.hasAddress(drop.key.interfaceIndex)
        let given: CheckPath? =
            switch facts.path {
            case .input: .input
            case .forward: .forward(outputInterface: drop.outputInterface ?? 0)
            case .multicast: .multicast
            case .broadcast: .broadcast
            case .arp: .arp
            case nil: nil
            }
        verdict = self.model.validateSource(
            drop.packet, ingress: drop.key.interfaceIndex, path: given, configuration: configuration,
            ingressHasAddress: hasAddress)
    }

    var ingress: UInt32 { drop.key.interfaceIndex }
    var packet: Packet { drop.packet }

    /// The check of the same packet by the same caller, under another model, sysctls or mark.
    func check(
        model other: RoutingModel? = nil, mark: UInt32? = nil,
        _ change: (inout InterfaceConfiguration) -> Void = { _ in }
    ) -> Verdict {
        var configuration = configuration
        change(&configuration)
        var packet = packet
        if let mark { packet.mark = mark }
        return (other ?? model).validateSource(
            packet, ingress: ingress, path: verdict.path, configuration: configuration, ingressHasAddress: hasAddress)
    }

    /// The reverse lookup's key, with or without the packet's mark.
    func reverseKey(usesMark: Bool) -> LookupKey {
        let isToAll = verdict.path == .broadcast || verdict.path == .multicast
        return model.reverseKey(
            packet, ingress: ingress, destination: isToAll ? .unspecified : packet.destination,
            outputInterface: verdict.outputInterface ?? 0, usesMark: usesMark, isARP: verdict.path == .arp)
    }

    /// What the reverse lookup found; nil when the check was decided without one.
    var reverse: ReverseRoute? { verdict.reverse.map { ReverseRoute($0, model: model) } }

    /// The way the simulated check came to; nil when it says that the check is not reached.
    var path: PacketPath? {
        if case .notEvaluated = verdict.decision { return nil }
        switch verdict.path {
        case .input: return .input
        case .forward: return .forward
        case .multicast: return .multicast
        case .broadcast: return .broadcast
        case .arp: return .arp
        }
    }
}

extension Verdict {
    /// The contract's word for a refusal; nil when the packet is accepted or never checked.
    var cause: Cause? {
        guard case .refuse(let refusal) = decision else { return nil }
        switch refusal {
        case .wrongInterface: return .wrongInterface
        case .noRoute: return .noRoute
        case .noAddress: return .noAddress
        case .localSource: return .localSource
        case .invalidSource: return .invalidSource
        case .localnet: return .localnet
        }
    }
}
