// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Packets
import Probe
import Reports
import Routing

/// What happens to a drop after the kernel recorded it: its namespace is read, it is judged, joins a finding, gets its
/// advice, and goes out as events.
final class DropPipeline {
    var watch: NamespaceWatch
    private var contexts = NamespaceContexts()
    private var findings = FindingTable()
    private var advice = AdviceBook()
    private var inquiry = SourceInquiry()
    /// Findings that have not been announced yet, in the order they were found.
    private var unannounced: [String] = []
    /// The VRFs of announced findings, as they were called when that could be read.
    private var vrfNames: [String: InterfaceName] = [:]
    private let filter: InterfaceFilter
    private let events: EventSink
    private var symbols: KernelSymbols
    /// Told of each finding as it is found, or as its fix changes.
    private let onFinding: (FindingReport) -> Void
    /// Told of each sysctl that changed in a namespace that dropped something.
    private let onChange: (ConfigChange) -> Void
    /// Drops shown so far: those that passed the filters and are not merely counted.
    private var shown: UInt64 = 0
    /// How many drops are shown; nil for all.
    private let limit: UInt64?
    /// Drops by rp_filter that came in detail after the limit was reached, and were not shown.
    private(set) var withheld: UInt64 = 0
    /// Changed sysctls of namespaces that have not dropped anything, by inode number: told when they do.
    private var untold: [UInt32: [FactsChange]] = [:]
    /// What is known of the changed sysctls of findings whose namespace is gone.
    private var lastChanges: [String: [SettingChange]] = [:]
    private static let untoldNamespaces = 1024
    private static let untoldChanges = 32

    init(
        watch: consuming NamespaceWatch, filter: InterfaceFilter, limit: UInt64?, events: EventSink,
        symbols: KernelSymbols, onFinding: @escaping (FindingReport) -> Void,
        onChange: @escaping (ConfigChange) -> Void
    ) {
        self.watch = watch
        self.filter = filter
        self.limit = limit
        self.events = events
        self.symbols = symbols
        self.onFinding = onFinding
        self.onChange = onChange
    }

    /// No further drop is shown.
    var isFull: Bool { limit.map { shown >= $0 } ?? false }

    /// Takes one drop through all of it.
    func handle(_ drop: DropEvent) {
        guard filter.matches(drop.interfaceName) else { return }
        guard !isFull else {
            if drop.key.outcome == .reversePathFilter { withheld += 1 }
            return
        }
        let namespace = watch.identity(inode: drop.key.namespaceInode, cookie: drop.key.namespaceCookie)
        let context = contexts.context(for: drop, in: &watch)
        for change in untold.removeValue(forKey: drop.key.namespaceInode) ?? [] { tell(change) }
        let attribution = context.attribution(of: drop, in: namespace) {
            watch.ipv6Routes(
                of: drop.packet, ingress: drop.key.interfaceIndex, in: drop.key.namespaceInode,
                cookie: drop.key.namespaceCookie)
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
                origin: origin, vrf: context.model?.vrfName(of: drop))
        }
    }

    /// Announces what was found since the last call, each finding with its fix.
    func announceFindings() {
        let ids = unannounced
        unannounced = []
        for id in ids {
            if let finding = findings.finding(id) { onFinding(announce(finding)) }
        }
    }

    /// Takes a process' write to a sysctl. Those that have come have to be handed in before `noteChanges`.
    func note(_ write: SysctlWrite) {
        var write = write
        write.executable = RunningProcess.executable(of: write.process.id, command: write.process.command)
        if let change = contexts.note(write) { tell(change) }
    }

    /// Passes on what was announced to have changed in namespaces that dropped something.
    func noteChanges() {
        for change in watch.pendingChanges() {
            if let news = contexts.note(change) { tell(news) } else { _ = contexts.outdate(by: change) }
        }
        for change in contexts.changesFromSnapshots() { tell(change) }
    }

    /// When `refresh` should be called at the latest, nanoseconds of CLOCK_MONOTONIC; nil while nothing asks for it.
    var refreshAt: UInt64? { contexts.refreshAt }

    private func tell(_ change: FactsChange) {
        guard contexts.outdate(by: change) else { return keep(change) }
        let namespace = watch.identity(inode: change.namespace)
        guard let reported = ConfigChange(change, in: namespace) else { return }
        events.send { clock, origin in
            Event(time: clock.wall(change.time), origin: origin, payload: .configChange(reported))
        }
        if change.kind == .sysctl { onChange(reported) }
    }

    /// A packet that is dropped later may owe it to this.
    private func keep(_ change: FactsChange) {
        guard let key = change.setting?.setting.key, [.rpFilter, .acceptLocal, .srcValidMark].contains(key) else {
            return
        }
        if untold[change.namespace] == nil && untold.count >= Self.untoldNamespaces { untold.removeAll() }
        untold[change.namespace, default: []].append(change)
        if untold[change.namespace]?.count ?? 0 > Self.untoldChanges { untold[change.namespace]?.removeFirst() }
    }

    /// Reads changed namespaces anew and announces the findings whose fix is another one now.
    func refresh() {
        let changed = contexts.refresh(from: &watch)
        for finding in findings.findings
        where changed.contains(finding.namespace.inode) || advice.isOutgrown(by: finding) {
            if advice.reconsider(finding, model: model(of: finding)) {
                onFinding(announce(finding))
            }
        }
    }

    /// Namespaces that are gone: their findings get their last advice, and these are their last counts.
    func retire(_ namespaces: [NamespaceIdentity], _ counters: [DropKey: DropCounters]) {
        announceFindings()
        let inodes = Set(namespaces.map(\.inode))
        for finding in findings.findings where inodes.contains(finding.namespace.inode) {
            _ = advice.reconsider(finding, model: model(of: finding))
            let changes = contexts.settingChanges(in: finding.namespace.inode)
            if !changes.isEmpty { lastChanges[finding.id] = changes }
        }
        for namespace in namespaces {
            contexts.remove(namespace)
            untold[namespace.inode] = nil
        }
        findings.retire(counters) { key in namespaces.first { $0.inode == key.namespaceInode } }
    }

    /// Gives the findings their exact counts, and announces every one of them a last time.
    func finish(_ counters: [DropKey: DropCounters]) {
        contexts.settle(from: &watch)
        for change in contexts.changesFromSnapshots() { tell(change) }
        findings.settle(counters) { [self] key in
            watch.identity(inode: key.namespaceInode, cookie: key.namespaceCookie)
        }
        unannounced = []
        for finding in findings.findings {
            _ = advice.reconsider(finding, model: model(of: finding))
            _ = announce(finding)
        }
    }

    /// The finding as it stands, with advice on all of it; nil when there is none of that id.
    func report(on id: String) -> FindingReport? {
        guard let finding = findings.finding(id) else { return nil }
        _ = advice.reconsider(finding, model: model(of: finding))
        return announce(finding)
    }

    /// The model of the namespace that the finding is of; nil when it is gone or may not be entered.
    private func model(of finding: Finding) -> RoutingModel? {
        finding.samples.last.flatMap { contexts[$0.drop.key]?.model }
    }

    private func announce(_ finding: Finding) -> FindingReport {
        let model = model(of: finding)
        let changes = lastChanges[finding.id] ?? contexts.settingChanges(in: finding.namespace.inode)
        let finding = finding.noting(changes)
        if let drop = finding.samples.last?.drop, let name = model?.vrfName(of: drop) { vrfNames[finding.id] = name }
        let report = FindingReport(
            finding, advice: advice.advice(on: finding, model: model), clock: events.clock, vrf: vrfNames[finding.id],
            ownership: finding.samples.last.flatMap { contexts[$0.drop.key]?.ownership },
            changedValues: finding.changedValues(among: changes),
            connected: inquiry.connectedSources(of: finding, in: &watch))
        events.send { clock, origin in
            Event(time: clock.wall(MonotonicClock.now), origin: origin, payload: .finding(report))
        }
        return report
    }
}

extension RoutingModel {
    /// The name of the VRF that the ingress interface was a member of.
    fileprivate func vrfName(of drop: DropEvent) -> InterfaceName? { drop.vrf.flatMap { link($0)?.name } }
}

extension ConfigChange {
    /// Nil for a change of unknown kind: nothing can be said but that the snapshot is old.
    fileprivate init?(_ change: FactsChange, in namespace: NamespaceIdentity) {
        guard let kind = Kind(rawValue: change.kind.rawValue) else { return nil }
        self.init(
            kind: kind, object: change.object, before: change.before, after: change.after, namespace: namespace,
            writer: change.setting?.writer)
    }
}
