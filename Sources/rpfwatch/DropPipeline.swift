// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Probe
import Reports
import Routing

/// What happens to a drop after the kernel recorded it: its namespace is read, it is judged, joins a finding, gets its
/// advice, and goes out as events.
final class DropPipeline {
    var watch: NamespaceWatch
    private var contexts = NamespaceContexts()
    private var findings = FindingTable()
    /// Advice by finding, made once, and again when the configuration under it changes or other packets join it.
    private var given: [String: Given] = [:]
    /// Findings that have not been announced yet, in the order they were found.
    private var unannounced: [String] = []
    private let filter: InterfaceFilter
    private let events: EventSink
    private var symbols: KernelSymbols
    /// Told of each finding as it is found, or as its fix changes.
    private let onFinding: (FindingReport) -> Void
    /// Drops shown so far: those that passed the filters and are not merely counted.
    private(set) var shown: UInt64 = 0
    private let limit: UInt64?

    private struct Given {
        var advice: Advice
        /// Distinct packets that it was simulated with.
        var samples: Int
    }

    init(
        watch: consuming NamespaceWatch, filter: InterfaceFilter, limit: UInt64?, events: EventSink,
        symbols: KernelSymbols, onFinding: @escaping (FindingReport) -> Void
    ) {
        self.watch = watch
        self.filter = filter
        self.limit = limit
        self.events = events
        self.symbols = symbols
        self.onFinding = onFinding
    }

    var isFull: Bool { limit.map { shown >= $0 } ?? false }

    /// Takes one drop through all of it.
    func handle(_ drop: DropEvent) {
        guard filter.matches(drop.interfaceName), !isFull else { return }
        let context = contexts.context(for: drop, in: &watch)
        let namespace = watch.identity(inode: drop.key.namespaceInode, cookie: drop.key.namespaceCookie)
        let attribution: DropAttribution
        if let known = context.judged.attribution(of: drop) {
            attribution = known
        } else {
            attribution = attribute(drop, model: context.model, lastChange: context.lastChange, namespace: namespace)
            context.judged.remember(attribution, of: drop)
        }
        shown += 1
        var findingID: String?
        if attribution.cause != .other {
            let (id, isNew) = findings.record(
                drop, attribution: attribution, namespace: namespace,
                rulesSelectOnFlow: context.model?.rulesSelectOnFlow ?? false)
            if isNew { unannounced.append(id) }
            findingID = id
        }
        guard events.showsDrops else { return }
        var located = drop
        located.locationSymbol = symbols.name(of: drop.location)
        events.send { clock, origin in
            Event(
                drop: located, attribution: attribution, namespace: namespace, findingID: findingID, clock: clock,
                origin: origin, vrf: context.model.flatMap { model in drop.vrf.flatMap { model.link($0)?.name } })
        }
    }

    /// Announces what was found since the last call, each finding with its fix.
    func announceFindings() {
        let ids = unannounced
        unannounced = []
        for id in ids { announce(id).map(onFinding) }
    }

    /// Passes on what was announced to have changed in namespaces that dropped something.
    func noteChanges() {
        for change in watch.pendingChanges() where contexts.note(change) {
            guard let reported = ConfigChange(change) else { continue }
            events.send { clock, origin in
                Event(time: clock.wall(change.time), origin: origin, payload: .configChange(reported))
            }
        }
    }

    /// Reads changed namespaces anew and announces the findings whose fix is another one now.
    func refresh() {
        let changed = contexts.refreshStale(in: &watch)
        for finding in findings.findings {
            guard let known = given[finding.id] else { continue }
            let isGrown = finding.samples.count > known.samples
            if isGrown || changed.contains(finding.namespace.inode), reconsider(finding) {
                announce(finding.id).map(onFinding)
            }
        }
    }

    /// Makes the advice anew; true when the fix is another one.
    private func reconsider(_ finding: Finding) -> Bool {
        guard let model = model(of: finding), let known = given[finding.id] else { return false }
        // When a change already lets the packets in, the advice that led to it still stands.
        guard !finding.samples.allSatisfy({ model.accepts($0.drop) }) else { return false }
        let fresh = advise(on: finding, model: model)
        given[finding.id] = Given(advice: fresh, samples: finding.samples.count)
        return fresh.fix.commands != known.advice.fix.commands
    }

    /// The model of the namespace that the finding is of; nil when it is gone or may not be entered.
    private func model(of finding: Finding) -> RoutingModel? {
        finding.samples.last.flatMap { contexts[$0.drop.key]?.model }
    }

    /// Namespaces that are gone: their findings get their last advice, and these are their last counts.
    func retire(_ namespaces: [NamespaceIdentity], _ counters: [DropKey: DropCounters]) {
        let inodes = Set(namespaces.map(\.inode))
        for finding in findings.findings where inodes.contains(finding.namespace.inode) { _ = reconsider(finding) }
        for namespace in namespaces { contexts.remove(namespace) }
        findings.retire(shownOnly(counters)) { key in namespaces.first { $0.inode == key.namespaceInode } }
    }

    /// Gives the findings their exact counts.
    func settle(_ counters: [DropKey: DropCounters]) {
        findings.settle(shownOnly(counters)) { [self] key in
            watch.identity(inode: key.namespaceInode, cookie: key.namespaceCookie)
        }
    }

    /// The counts without what the filters took out, which never becomes a finding.
    private func shownOnly(_ counters: [DropKey: DropCounters]) -> [DropKey: DropCounters] {
        counters.filter { filter.matches($0.value.interfaceName) }.mapValues { counter in
            var counter = counter
            counter.drops -= min(counter.drops, counter.filtered)
            return counter
        }
    }

    /// Announces every finding with its final counts.
    func announceAll() {
        unannounced = []
        for finding in findings.findings {
            _ = reconsider(finding)
            announce(finding.id)
        }
    }

    @discardableResult
    private func announce(_ id: String) -> FindingReport? {
        guard let finding = findings.finding(id) else { return nil }
        let model = model(of: finding)
        let advice = given[id]?.advice ?? advise(on: finding, model: model)
        if given[id] == nil { given[id] = Given(advice: advice, samples: finding.samples.count) }
        let vrf = finding.samples.last.flatMap { $0.drop.vrf }.flatMap { model?.link($0)?.name }
        let report = FindingReport(finding, advice: advice, clock: events.clock, vrf: vrf)
        events.send { clock, origin in
            Event(time: clock.wall(MonotonicClock.now), origin: origin, payload: .finding(report))
        }
        return report
    }
}

extension RoutingModel {
    /// Whether this packet's source would be accepted by the configuration of the snapshot.
    fileprivate func accepts(_ drop: DropEvent) -> Bool {
        validateSource(drop.packet, ingress: drop.key.interfaceIndex).isAccepted
    }
}

extension ConfigChange {
    /// Nil for a change of unknown kind: nothing can be said but that the snapshot is old.
    fileprivate init?(_ change: FactsChange) {
        guard let kind = Kind(rawValue: change.kind.rawValue) else { return nil }
        self.init(kind: kind, object: change.object, before: change.before, after: change.after)
    }
}
