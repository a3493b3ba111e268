// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Routing

/// What the kernel's check says about a finding's packets once some changes are made.
struct Simulation {
    /// The namespace after the changes.
    let facts: NetworkFacts
    /// Received drops whose sample is accepted, and all that have one.
    let accepted: UInt64
    let tried: UInt64
    /// Why samples are still refused, in their order, without repeats.
    let refusals: [Refusal]
    /// The changes send some of the packets another way than they were going.
    let diverts: Bool
    let widens: [Fix.Widening]
    private let model: RoutingModel

    init(_ changes: [Change], in situation: Situation, arrivesOn interface: UInt32? = nil) {
        var state = HostState(situation.facts)
        state.apply(changes)
        facts = state.facts
        model = RoutingModel(state.facts, reusing: situation.baseline)
        widens = situation.facts.configuration.widenings(to: facts.configuration, of: facts.links)
        var accepted: UInt64 = 0
        var refusals: [Refusal] = []
        var diverts = false
        for trial in situation.trials {
            // The kernel itself does not check the source of IPv6.
            if trial.packet.isIPv6 {
                accepted += trial.count
                continue
            }
            let verdict = model.validateSource(
                trial.packet, ingress: interface ?? situation.ingress.index, path: trial.path)
            switch verdict.decision {
            case .accept where verdict.path != trial.verdict.path: diverts = true
            case .accept: accepted += trial.count
            case .refuse(let refusal): if !refusals.contains(refusal) { refusals.append(refusal) }
            case .notEvaluated: break
            }
        }
        self.accepted = accepted
        self.refusals = refusals
        self.diverts = diverts
        tried = situation.trials.reduce(0) { $0 + $1.count }
    }

    /// Every kept drop is accepted, and there was one.
    var acceptsAll: Bool { tried > 0 && accepted == tried }

    /// True when this packet would pass where it arrives on `interface`.
    func accepts(_ packet: Packet, on interface: UInt32) -> Bool {
        model.validateSource(packet, ingress: interface).isAccepted
    }

    /// The accepted share of all drops whose detail was received: samples are bounded, so what they do not cover is
    /// taken to behave as they do.
    func admission(of detailed: UInt64) -> Fix.Admission {
        guard tried > 0 else { return Fix.Admission(packets: 0, of: detailed) }
        if acceptsAll { return Fix.Admission(packets: detailed, of: detailed) }
        let product = accepted.multipliedFullWidth(by: detailed)
        return Fix.Admission(packets: tried.dividingFullWidth(product).quotient, of: detailed)
    }
}
