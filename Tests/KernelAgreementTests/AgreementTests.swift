// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Host
import Lab
import Packets
import Routing
import Testing

/// The kernel as its own judge: `ip route get … iif` runs the source check on a packet that never was. Random hosts,
/// random packets; the model read from the host's netlink has to say what the kernel says.
@Suite struct AgreementTests {
    /// More with RPFWATCH_AGREEMENT_ROUNDS=N; the seed of a failure is in its message.
    static let seeds: Range<UInt64> = {
        let rounds = unsafe getenv("RPFWATCH_AGREEMENT_ROUNDS").flatMap { unsafe UInt64(String(cString: $0)) }
        let first = unsafe getenv("RPFWATCH_AGREEMENT_SEED").flatMap { unsafe UInt64(String(cString: $0)) } ?? 0
        return first..<first + (rounds ?? 40)
    }()

    @Test func theModelDecidesAsThisKernelDoes() throws {
        var decided: [String: Int] = [:]
        for seed in Self.seeds {
            let network = RandomNetwork(seed: seed, questions: 80)
            let namespace = try Namespace("agree")
            try build(network, in: namespace)
            let facts = try NetworkNamespace(path: namespace.path)
                .facts(NamespaceIdentity(inode: UInt32(namespace.inode)))
            let model = RoutingModel(facts)
            let answers = try ask(network.questions, in: namespace)
            for (question, answer) in zip(network.questions, answers) {
                guard let link = facts.link(named: InterfaceName(question.interface)), link.isUp else { continue }
                let possible = decisions(model, question.packet, link.index)
                for decision in possible { decided[decision.word, default: 0] += 1 }
                #expect(
                    possible.contains { $0.agrees(with: answer) },
                    """
                    seed \(seed): \(question.interface): \(question.packet.ask(question.interface)): \
                    the model says \(possible), the kernel "\(answer)"
                    """)
            }
        }
        // The hosts are random enough to come to every end.
        for word in [
            "accept", "wrongInterface", "noRoute", "noAddress", "localSource", "invalidSource", "localnet",
            "forwardingOff",
        ] {
            #expect(decided[word, default: 0] > 0, "no packet with the answer \(word): \(decided)")
        }
    }

    private func build(_ network: RandomNetwork, in namespace: Namespace) throws {
        let lines = network.commands.joined(separator: "\n") + "\n"
        let sysctls = network.sysctls
        try namespace.enter {
            for interface in ["default", "all", "lo"] {
                try write("0", into: "/proc/sys/net/ipv4/conf/\(interface)/rp_filter")
            }
            _ = try run(["ip", "-force", "-batch", "-"], input: lines)
            for (file, value) in sysctls { try write(value, into: "/proc/sys/net/ipv4/conf/\(file)") }
        }
    }

    /// The kernel's answers in the order of the questions: empty for a packet that is let in, else the error.
    private func ask(_ questions: [RandomNetwork.Question], in namespace: Namespace) throws -> [String] {
        let lines = questions.map { "route get \($0.packet.ask($0.interface))\n" }.joined()
        let output = try namespace.enter { try run(["ip", "-force", "-batch", "-"], input: lines) }
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
    private func decisions(_ model: RoutingModel, _ packet: Packet, _ ingress: UInt32) -> [Decision] {
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
    /// The arguments of `ip route get`.
    fileprivate func ask(_ interface: String) -> String {
        var words = "\(destination) from \(source) iif \(interface)"
        if mark != 0 { words += " mark \(mark)" }
        if tos != 0 { words += " tos 0x\(hexByte(tos))" }
        let name = transport == .tcp ? "tcp" : "udp"
        return words + " ipproto \(name) sport \(sourcePort ?? 0) dport \(destinationPort ?? 0)"
    }
}

extension Decision {
    /// Whether the kernel's answer means the same. It does not tell refusals apart, and a blackhole on the way to the
    /// destination answers like one.
    fileprivate func agrees(with answer: String) -> Bool {
        switch self {
        case .accept: answer.isEmpty
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
