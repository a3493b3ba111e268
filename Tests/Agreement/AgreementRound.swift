// SPDX-License-Identifier: Apache-2.0
import Facts
import Host
import Lab
import Packets
import Routing

/// One random host and what the kernel and the model say about packets to it.
///
/// The kernel is its own judge: `ip route get … iif` runs the source check on a packet that never was. The model is read
/// from the host's netlink and has to say the same.
package struct AgreementRound: Sendable {
    /// How often the model came to each decision.
    package private(set) var decided: [String: Int] = [:]
    /// How many answers were compared.
    package private(set) var comparisons = 0
    /// One sentence for each answer of the kernel that the model does not give.
    package private(set) var disagreements: [String] = []

    /// Words of decisions that some packet has to come to, or the hosts are not random enough.
    package static let ends = [
        "accept", "wrongInterface", "noRoute", "noAddress", "localSource", "invalidSource", "localnet", "forwardingOff",
    ]

    package init(seed: UInt64, questions: Int) throws {
        let network = RandomNetwork(seed: seed, questions: questions)
        let namespace = try Namespace("agree")
        try Self.build(network, in: namespace)
        let facts = try NetworkNamespace(path: namespace.path)
            .facts(NamespaceIdentity(inode: UInt32(namespace.inode)))
        let model = RoutingModel(facts)
        let answers = try Self.ask(network.questions, in: namespace)
        for (question, answer) in zip(network.questions, answers) {
            guard let link = facts.link(named: InterfaceName(question.interface)), link.isUp else { continue }
            let possible = Self.decisions(model, question.packet, link.index)
            for decision in possible { decided[decision.word, default: 0] += 1 }
            comparisons += 1
            if !possible.contains(where: { $0.agrees(with: answer) }) {
                disagreements.append(
                    """
                    seed \(seed): \(question.packet.ask(question.interface)): the model says \(possible), the kernel \
                    “\(answer)”
                    """)
            }
        }
    }

    private static func build(_ network: RandomNetwork, in namespace: Namespace) throws {
        let lines = network.commands.joined(separator: "\n") + "\n"
        let (rules, sysctls) = (network.dscpRules, network.sysctls)
        try namespace.enter {
            for interface in ["default", "all", "lo"] {
                try write("0", into: "/proc/sys/net/ipv4/conf/\(interface)/rp_filter")
            }
            _ = try run(["ip", "-force", "-batch", "-"], input: lines)
            for rule in rules { try addRule(dscp: rule.dscp, priority: rule.priority, table: rule.table) }
            for (file, value) in sysctls { try write(value, into: "/proc/sys/net/ipv4/conf/\(file)") }
            // Until then routes still change with the carriers, and the answers would not be about what was read.
            let areSettled = try eventually(within: 30) { try linksAreSettled() }
            guard areSettled else { throw LabError("the links of a random host do not settle") }
        }
    }

    /// The kernel's answers in the order of the questions: empty for a packet that is let in, else the error.
    private static func ask(_ questions: [RandomNetwork.Question], in namespace: Namespace) throws -> [String] {
        let lines = questions.map { "route get \($0.packet.ask($0.interface))\n" }.joined()
        let output = try namespace.enter { try run(["ip", "-force", "-batch", "-"], input: lines) }
        // A word that it does not know ends it at once.
        if output.standardError.hasPrefix("Error: argument") { throw LabError(output.standardError) }
        var answers = Array(repeating: "", count: questions.count)
        var message = ""
        for line in output.standardError.split(separator: "\n") {
            if line.hasPrefix("Command failed"), let number = line.split(separator: ":").last.flatMap({ Int($0) }) {
                answers[number - 1] = message
            } else {
                message = String(line.split(separator: ":").last ?? line)
            }
        }
        return answers
    }

    /// What the model allows: of a multipath route to the destination the kernel may take any usable nexthop.
    private static func decisions(_ model: RoutingModel, _ packet: Packet, _ ingress: UInt32) -> [Decision] {
        let verdict = model.validateSource(packet, ingress: ingress)
        guard case .forward(let chosen) = verdict.path else { return [verdict.decision] }
        let others = model.facts.links.map(\.index).filter { $0 != chosen }
            .map { model.validateSource(packet, ingress: ingress, path: .forward(outputInterface: $0)).decision }
        let isMultipath = model.facts.routes.contains {
            $0.nexthops.count > 1 && $0.destination.contains(packet.destination)
        }
        return [verdict.decision] + (isMultipath ? others : [])
    }
}

extension Packet {
    /// The arguments of `ip route get`, without names that it would have to look up in files.
    fileprivate func ask(_ interface: String) -> String {
        var words = "\(destination) from \(source) iif \(interface)"
        if mark != 0 { words += " mark \(mark)" }
        if tos != 0 { words += " tos 0x\(hexByte(tos))" }
        return words + " ipproto \(transport.rawValue) sport \(sourcePort ?? 0) dport \(destinationPort ?? 0)"
    }
}

extension Decision {
    /// Whether the kernel's answer means the same. A blackhole on the way to the destination answers like a refusal; up
    /// to the kernels that have a drop reason for every refusal, rp_filter has an error of its own.
    fileprivate func agrees(with answer: String) -> Bool {
        switch self {
        case .accept: answer.isEmpty
        case .refuse(.wrongInterface), .refuse(.noRoute), .refuse(.noAddress):
            answer == (Sight.kernel.1 ? " Invalid argument" : " Invalid cross-device link")
        case .refuse: answer == " Invalid argument"
        case .notEvaluated(.forwardingOff): answer == " No route to host"
        case .notEvaluated(.noRouteToDestination):
            [" Network is unreachable", " No route to host", " Permission denied", " Invalid argument"].contains(answer)
        case .notEvaluated(.badDestination): answer == " Invalid argument"
        }
    }

    fileprivate var word: String {
        switch self {
        case .accept: "accept"
        case .refuse(let refusal): "\(refusal)"
        case .notEvaluated(.forwardingOff): "forwardingOff"
        case .notEvaluated(.noRouteToDestination): "noRouteToDestination"
        case .notEvaluated(.badDestination): "badDestination"
        }
    }
}
