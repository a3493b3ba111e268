// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Packets
import Reports
import Routing
import Settings

/// What `explain` answers from: a namespace as it is now, with the kernel to ask for a second opinion, or a snapshot.
struct ExplainedHost {
    private let model: RoutingModel
    private let origin: Origin
    private let clock: ClockOffset
    /// Why the kernel is not asked, when it is not there to be asked.
    private let source: Source

    private enum Source {
        case live(netns: String?)
        case file
    }

    init(fromSnapshot file: String?, netns: String?) throws {
        guard let file else {
            origin = Origin(host: HostInformation.name, version: Rpfwatch.version)
            clock = ClockOffset(nanoseconds: MonotonicClock.wallClockOffset)
            source = .live(netns: netns)
            model = RoutingModel(try Self.facts(netns))
            return
        }
        var bytes: [UInt8] = []
        try readInput(file, remedy: "give a file that `rpfwatch explain --snapshot FILE` wrote") { bytes += $0 }
        let snapshot: Snapshot
        do throws(SnapshotError) {
            snapshot = try Snapshot(json: bytes)
        } catch {
            throw CommandFailure(.usage, "Cannot read the snapshot \(terminalSafe(file)): \(error.description)")
        }
        origin = snapshot.origin
        // A snapshot has wall time only; there is no other clock to relate it to.
        clock = ClockOffset(nanoseconds: 0)
        source = .file
        var facts = snapshot.facts
        facts.time = snapshot.time.nanoseconds
        model = RoutingModel(facts)
    }

    private static func facts(_ netns: String?) throws(HostError) -> NetworkFacts {
        let namespace = if let netns { try resolveNamespace(netns) } else { try NetworkNamespace.own() }
        let inode = namespace.inode
        var watch = try NamespaceWatch(only: namespace)
        return try watch.facts(of: inode)
    }

    private static func open(_ netns: String?) throws(HostError) -> NetworkNamespace {
        if let netns { try resolveNamespace(netns) } else { try NetworkNamespace.own() }
    }

    /// Writes the namespace's facts; a file is replaced as a whole.
    func write(to file: String) throws(HostError) {
        let snapshot = Snapshot(origin: origin, time: clock.wall(model.facts.time), facts: model.facts)
        if file == "-" {
            try LineOutput.standardOutput().write(snapshot.json())
        } else {
            try replaceFile(file, with: snapshot.json())
        }
    }

    /// The interfaces to answer for. All of them are those that packets come in by: no loopback, no VRF device.
    func ingresses(_ name: String?, all: Bool) throws -> [Link] {
        if all { return model.facts.links.filter { !$0.isLoopback && $0.vrfTable == nil } }
        guard let name else { return [] }
        guard let link = model.facts.link(named: InterfaceName(name)) else {
            let names = model.facts.links.map(\.name.display)
            let known = names.prefix(16).joined(separator: ", ") + (names.count > 16 ? ", …" : "")
            throw CommandFailure(
                .usage, "There is no interface \(terminalSafe(name)) in that network namespace; it has \(known)")
        }
        return [link]
    }

    /// The answer for one interface.
    func report(on packet: Packet, entering link: Link, isARP: Bool) -> ExplainReport {
        let answer = ask(packet, link, isARP: isARP)
        var candidates = candidates(packet, link, isARP: isARP)
        let isOpen = Set(candidates.map(\.supposition.verdict.decision)).count > 1
        if isOpen, case .success(let answer)? = answer {
            let fitting = candidates.filter { answer.agrees(with: $0.supposition.verdict.decision) == true }
            if !fitting.isEmpty { candidates = fitting }
        }
        let isUnknown = Set(candidates.map(\.supposition.verdict.decision)).count > 1
        // The first supposes that nothing was ever added.
        let (model, supposition) = candidates[0]
        let finding = supposition.finding(in: model).map { finding in
            FindingReport(
                finding, advice: advise(on: finding, model: model), clock: clock,
                vrf: supposition.refusal?.drop.vrf.flatMap { model.link($0)?.name },
                ownership: Ownership(model.facts))
        }
        let configuration = model.facts.configuration
        let effective = configuration.effective(link.index)
        return ExplainReport(
            origin: origin, namespace: model.facts.namespace, packet: packet, isARP: isARP, interface: link.name,
            interfaceIndex: link.index, hasAddress: model.hasAddress(link.index),
            verdict: ExplainReport.Verdict(supposition), path: PacketPath(supposition.verdict.path),
            sysctls: SysctlValues(
                all: configuration.all.rpFilter, interface: configuration.own(link.index).rpFilter,
                acceptLocal: effective.acceptLocal, srcValidMark: effective.srcValidMark),
            forward: supposition.forward, reverse: supposition.reverse,
            tables: Array(supposition.verdict.reverse?.tables ?? []),
            opinion: answer.map { ExplainReport.Opinion($0, on: supposition.verdict.decision) },
            unknown: isUnknown ? [Self.stickyFlags] : [], finding: finding)
    }

    private static let stickyFlags =
        "Whether a policy rule or a local route was ever added here and deleted again: with rp_filter 0 the kernel then"
        + " checks sources that it would otherwise accept. It does not tell without a drop; the answer takes it that"
        + " none was."

    /// The suppositions under each state that the kernel's sticky flags can be in, the one without any first.
    private func candidates(
        _ packet: Packet, _ link: Link, isARP: Bool
    ) -> [(model: RoutingModel, supposition: Supposition)] {
        var result: [(model: RoutingModel, supposition: Supposition)] = []
        for localRoutes in Set([model.hasCustomLocalRoutes, true]).sorted(by: { !$0 && $1 }) {
            for rules in Set([model.hasCustomRules, true]).sorted(by: { !$0 && $1 }) {
                let model = model.assuming(customRules: rules, customLocalRoutes: localRoutes)
                result.append((model, Supposition(packet, entering: link, isARP: isARP, model: model)))
            }
        }
        return result
    }

    /// The kernel's answer to the same question; nil when it cannot be asked that.
    private func ask(
        _ packet: Packet, _ link: Link, isARP: Bool
    ) -> Result<ReversePathOracle.Answer, HostError>? {
        guard case .live(let netns) = source else { return nil }
        // The kernel builds a UDP packet for its answer, which rules may tell from ARP.
        if isARP && model.rulesSelectOnFlow { return nil }
        do throws(HostError) {
            var oracle = try ReversePathOracle(in: try Self.open(netns))
            return .success(try oracle.ask(packet, ingress: link.index))
        } catch {
            return .failure(error)
        }
    }
}

extension ExplainReport.Verdict {
    fileprivate init(_ supposition: Supposition) {
        switch supposition.verdict.decision {
        case .accept: self = .accept
        case .refuse: self = supposition.refusal?.attribution.attributed == true ? .drop : .refuse
        case .notEvaluated(let reason): self = .notEvaluated(reason.rawValue)
        }
    }
}

extension ExplainReport.Opinion {
    fileprivate init(_ answer: Result<ReversePathOracle.Answer, HostError>, on decision: Decision) {
        switch answer {
        case .success(let answer): self.init(answer: answer.clause, agrees: answer.agrees(with: decision))
        case .failure(let error): self.init(answer: "gave no answer (\(error.description))", agrees: nil)
        }
    }
}

extension ReversePathOracle.Answer {
    /// To follow "the kernel".
    fileprivate var clause: String {
        switch self {
        case .accepted(let kind, _): "accepts it, as \(kind == .unicast ? "a packet to forward" : "\(kind)")"
        case .reversePathFilter: "refuses its source by rp_filter (EXDEV)"
        case .refused: "refuses it (EINVAL)"
        case .notForwarded: "has no way on for it (EHOSTUNREACH)"
        case .noRoute: "has no route to its destination"
        }
    }

    /// Whether the kernel decides the same; nil when its answer does not tell.
    fileprivate func agrees(with decision: Decision) -> Bool? {
        switch (self, decision) {
        case (.accepted, _): decision == .accept
        case (.reversePathFilter, .refuse(let refusal)): [.wrongInterface, .noRoute, .noAddress].contains(refusal)
        case (.reversePathFilter, _): false
        case (.refused, .refuse): true
        case (.refused, .accept): false
        // A destination that is refused for itself gives the same answer.
        case (.refused, .notEvaluated): nil
        case (.notForwarded, .notEvaluated), (.noRoute, .notEvaluated): true
        // Then the source is not looked at.
        case (.notForwarded, _), (.noRoute, _): false
        }
    }
}
