// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Routing

/// A finding in its host: what every fix is built from and judged by.
struct Situation {
    /// A kept drop as a question to the source check.
    struct Trial {
        var packet: Packet
        /// Who asks for the check after a change; nil: the routing model tells from the destination, as a change may lead
        /// the packet elsewhere.
        var path: CheckPath?
        /// How many received drops looked the same.
        var count: UInt64
        /// What the check says without any change.
        var verdict: Verdict
    }

    let finding: Finding
    let facts: NetworkFacts
    /// The namespace as it is.
    let baseline: RoutingModel
    let context: CommandContext
    /// The interface that dropped.
    let ingress: Link
    let trials: [Trial]
    /// The values in force on the ingress interface.
    let effective: InterfaceConfiguration

    var own: InterfaceConfiguration { facts.configuration.own(ingress.index) }
    var all: InterfaceConfiguration { facts.configuration.all }
    var factors: Set<Factor> { Set(finding.attribution.factors) }
    var isStrict: Bool { effective.rpFilter == 1 }
    /// The ingress interface for sentences.
    var interface: String { ingress.name.display }

    init(_ finding: Finding, ingress: Link, context: CommandContext, model: RoutingModel) {
        var facts = model.facts
        // The sticky flags are not in netlink; the kernel's records have them.
        let drops = finding.samples.map(\.drop)
        if facts.hasCustomRules == nil { facts.hasCustomRules = drops.lazy.compactMap(\.hasCustomRules).last }
        if facts.hasCustomLocalRoutes == nil {
            facts.hasCustomLocalRoutes = drops.lazy.compactMap(\.hasCustomLocalRoutes).last
        }
        let baseline = RoutingModel(facts, reusing: model)
        self.baseline = baseline
        self.finding = finding
        self.facts = facts
        self.context = context
        self.ingress = ingress
        effective = facts.configuration.effective(ingress.index)
        trials = finding.samples.map { sample in
            let packet = sample.drop.packet
            let path = Self.path(of: sample.drop)
            let verdict = baseline.validateSource(packet, ingress: ingress.index, path: path)
            // What was seen at the drop is kept where the model would not have told it.
            let isTold = path.map { baseline.checkPath(for: packet, ingress: ingress.index) == .checked($0) } ?? true
            return Trial(packet: packet, path: isTold ? nil : path, count: sample.count, verdict: verdict)
        }
    }

    private static func path(of drop: DropEvent) -> CheckPath? {
        switch drop.path {
        case .input: .input
        case .multicast: .multicast
        case .broadcast: .broadcast
        case .arp: .arp
        case .forward: .forward(outputInterface: drop.outputInterface ?? 0)
        case nil: nil
        }
    }

    /// True when every kept drop would now be accepted without any change.
    var isAcceptedAlready: Bool { !trials.isEmpty && trials.allSatisfy(\.verdict.isAccepted) }

    /// Distinct, in ascending order.
    var sources: [IPv4Address] { Set(trials.map(\.packet.source)).sorted() }
    var destinations: [IPv4Address] { Set(trials.map(\.packet.destination)).sorted() }

    /// Where the frames came from, when all came from one station.
    var sourceMAC: MACAddress? {
        let addresses = Set(trials.map(\.packet.sourceMAC))
        guard addresses.count == 1, let address = addresses.first, let address, !address.isZero else { return nil }
        return address
    }

    /// The mark that all the packets carry, when it is one and not 0.
    var mark: UInt32? {
        let marks = Set(trials.map(\.packet.mark))
        return marks.count == 1 ? marks.first.flatMap { $0 == 0 ? nil : $0 } : nil
    }

    /// True for multicast and broadcast, whose reverse lookup has no source address that a `from` rule could match.
    var isWithoutReverseSource: Bool {
        trials.contains { $0.verdict.path == .multicast || $0.verdict.path == .broadcast }
    }

    /// The route the reverse lookup ended at.
    var reverseRoute: Route? { trials.lazy.compactMap(\.verdict.reverse?.route).first }

    /// The interface through which the host would answer.
    var reverseInterface: Link? {
        reverseRoute.flatMap { baseline.chosenNexthop($0) }.flatMap { facts.link($0.interface) }
    }

    /// The connected prefixes of an interface, without host addresses.
    func connectedPrefixes(on interface: UInt32) -> [IPv4Prefix] {
        Set(facts.addresses(on: interface).map(\.prefix).filter { $0.length < 32 }).sorted()
    }

    func ownsAddress(_ address: IPv4Address, on interface: UInt32) -> Bool {
        facts.addresses(on: interface).contains { $0.local == address }
    }

    /// An interface's own MAC address belongs to this namespace.
    func isOwnMAC(_ address: MACAddress) -> Bool { facts.links.contains { $0.macAddress == address } }
}
