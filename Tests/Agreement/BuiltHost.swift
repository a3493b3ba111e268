// SPDX-License-Identifier: Apache-2.0
import CLab
import Facts
import Glibc
import Host
import Lab
import Packets
package import Routing

/// A described host that stands: what the kernel says about packets to it, and what the model does.
package final class BuiltHost {
    package let model: RoutingModel
    private let namespace: Namespace
    /// Its end would take the interfaces' peers along, and them.
    private let wireNamespace: Namespace
    private let wire: Wire
    private let usableInterfaces: Set<String>
    /// Sockets whose memberships last as long as they.
    private let members: [UDPSink]
    private var oracle: ReversePathOracle

    package init(_ description: DescribedHost) throws {
        namespace = try Namespace("agree")
        wireNamespace = try Namespace("wire")
        var builder = HostBuilder(host: namespace, wire: wireNamespace)
        try builder.build(description)
        members = builder.members
        let kernelNamespace = try NetworkNamespace(path: namespace.path)
        var facts = try kernelNamespace.facts(NamespaceIdentity(inode: UInt32(namespace.inode)))
        // Neither flag is told by netlink, and both stay set.
        facts.hasCustomRules = builder.addedRules
        facts.hasCustomLocalRoutes = builder.addedLocalRoutes
        model = RoutingModel(facts)
        let usable = facts.links.filter { $0.isUp && $0.kind == "veth" }
        usableInterfaces = Set(usable.compactMap(\.name.text))
        // Without a carrier the peer is off and cannot send.
        wire = try Wire(
            from: wireNamespace, to: namespace, interfaces: usable.filter(\.hasCarrier).compactMap(\.name.text))
        oracle = try ReversePathOracle(in: kernelNamespace)
    }

    /// The kernel's answer and what the model has to say about it; nil where the question makes no sense: the interface
    /// is down, or nothing can come in by it. `patiently`: wait longer before a silence counts as one.
    package func compare(_ question: Question, patiently: Bool = false) throws -> Comparison? {
        guard usableInterfaces.contains(question.interface),
            let ingress = model.facts.link(named: InterfaceName(question.interface))?.index
        else { return nil }
        let path: CheckPath? = question.way == .arp ? .arp : nil
        let verdict = model.validateSource(question.packet, ingress: ingress, path: path)
        let answer: KernelAnswer
        switch question.way {
        case .route: answer = .route(try oracle.ask(question.packet, ingress: ingress))
        case .wire, .arp:
            guard wire.reaches(question.interface) else { return nil }
            answer =
                question.way == .arp
                ? .arp(isAnswered: try wire.resolve(question, within: patiently ? 300 : 3))
                : .wire(try wire.send(question, patiently: patiently))
        }
        return Comparison(question: question, answer: answer, verdicts: [verdict] + others(verdict, question, ingress))
    }

    /// Of a multipath route to the destination the kernel may take any nexthop.
    private func others(_ verdict: Verdict, _ question: Question, _ ingress: UInt32) -> [Verdict] {
        guard case .forward(let chosen) = verdict.path, question.way != .arp,
            let route = model.destinationLookup(question.packet, ingress: ingress)?.route, route.nexthops.count > 1
        else { return [] }
        return Set(route.nexthops.map(\.interface)).subtracting([chosen]).map {
            model.validateSource(question.packet, ingress: ingress, path: .forward(outputInterface: $0))
        }
    }
}
