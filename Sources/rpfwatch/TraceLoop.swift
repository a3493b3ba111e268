// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Host
import Probe
import Reports

/// A trace from attaching to its last event: waits, drains, and keeps the books.
struct TraceLoop: ~Copyable {
    private let command: TraceCommand
    private let messages: Messages
    private let stop: StopSignal
    private var probe: Probe
    private let pipeline: DropPipeline
    private let events: EventSink
    private let filter: InterfaceFilter
    private var ledger: Ledger
    private var losses = LossGrowth()
    /// Nil when nobody watches.
    private var status: StatusMeter?

    /// While records keep coming the ring is emptied this often, as most of them do not announce themselves.
    private static let busyInterval: UInt64 = 20_000_000
    /// Otherwise this often, to look for namespaces that came and went.
    private static let sweepInterval: UInt64 = 1_000_000_000

    /// Gets everything ready; nothing is counted yet.
    static func prepare(_ command: TraceCommand) throws -> TraceLoop {
        let stop = try StopSignal()
        let filter = InterfaceFilter(patterns: command.interface)
        let watch = try watch(command.netns)
        try filter.requireLiterals(in: watch)
        let probe = try Probe(
            ProbeOptions(
                tier: command.tier.tier, namespaceInode: watch.only, source: command.source?.prefix,
                destination: command.destination?.prefix, recordOther: command.allDrops,
                detail: command.follow || command.count != nil ? .everyDrop : .findings))
        let events = EventSink(
            Output(command.format, showsDrops: command.follow, style: command.style), to: .standardOutput(), stop: stop,
            clock: ClockOffset(nanoseconds: MonotonicClock.wallClockOffset),
            origin: Origin(host: HostInformation.name, version: Rpfwatch.version))
        let ledger = Ledger(hasDropReasons: probe.hasDropReasons)
        let messages = Messages(isQuiet: command.quiet, isVerbose: command.verbose)
        let hintsAtFixes = command.follow && command.format == .text
        let pipeline = DropPipeline(
            watch: watch, filter: filter, limit: command.count?.value, events: events, symbols: KernelSymbols()
        ) { finding in
            // Who follows an incident must not have to end the trace to learn the fix.
            if hintsAtFixes { messages.note(finding.hint) }
        } onChange: { change in
            if hintsAtFixes { messages.note(change.hint) }
        }
        return TraceLoop(
            command: command, messages: messages, stop: stop, probe: probe, pipeline: pipeline, events: events,
            filter: filter, ledger: ledger)
    }

    private static func watch(_ netns: String?) throws(HostError) -> NamespaceWatch {
        guard let netns else { return try NamespaceWatch() }
        return try NamespaceWatch(only: try resolveNamespace(netns))
    }

    private init(
        command: TraceCommand, messages: Messages, stop: StopSignal, probe: consuming Probe, pipeline: DropPipeline,
        events: EventSink, filter: InterfaceFilter, ledger: Ledger
    ) {
        self.command = command
        self.messages = messages
        self.stop = stop
        self.probe = probe
        self.pipeline = pipeline
        self.events = events
        self.filter = filter
        self.ledger = ledger
        status = command.showsStatus ? StatusMeter() : nil
    }

    /// Traces until told to stop, reports, and says how the program should exit.
    consuming func run() throws -> ExitStatus {
        let before = pipeline.watch.readCounters()
        try probe.attach()
        ledger.open(before: before, after: pipeline.watch.readCounters())
        announceStart()

        let reason = try trace()

        let inner = pipeline.watch.readCounters()
        probe.detach()
        let outer = pipeline.watch.readCounters()
        if status != nil { writeToStandardError(StatusLine.erase) }
        // Everything the programs wrote before they were detached.
        while try drain() > 0 {}
        try noteChanges()
        let counters = try counters()
        var totals = ledger.totals(counters, before: inner, after: outer, reasonName: { probe.reasonName($0) })
        totals.suppress(pipeline.withheld)
        reportLosses(totals)
        if probe.skippedVerdicts() > 0 {
            messages.detail("The kernel skipped the verdict hook \(probe.skippedVerdicts()) times.")
        }
        pipeline.finish(counters)
        let clock = events.clock
        let end = EndInfo(
            reason: reason, totals: totals, windowStart: clock.wall(ledger.start), windowEnd: clock.wall(inner.time),
            namespaces: pipeline.watch.identities)
        events.send { clock, origin in Event(time: clock.wall(MonotonicClock.now), origin: origin, payload: .end(end)) }
        return try exitStatus(totals)
    }

    /// Waits for records, changes, signals and the end; returns why it ended.
    private mutating func trace() throws -> EndInfo.Reason {
        let deadline = command.duration.map { ledger.start + $0.nanoseconds }
        var sweepAt = ledger.start + Self.sweepInterval
        var statsAt = ledger.start + command.statsInterval.nanoseconds
        var isBusy = false
        while true {
            let now = MonotonicClock.now
            let next = [sweepAt, statsAt, deadline, pipeline.refreshAt, isBusy ? now + Self.busyInterval : nil]
                .compactMap(\.self).min()
            let ready = Poller.wait(
                [
                    stop.descriptor ?? -1, probe.fileDescriptor, pipeline.watch.descriptor,
                    probe.writesDescriptor ?? -1,
                ],
                nanoseconds: next.map { $0 > now ? $0 - now : 0 })
            stop.check()
            if stop.isRequested { return .signal }
            if ready[2] || ready[3] { try noteChanges() }
            isBusy = try drain() > 0
            pipeline.announceFindings()
            if events.failure != nil { return .outputClosed }
            if pipeline.isFull { return .count }

            let after = MonotonicClock.now
            if let refreshAt = pipeline.refreshAt, after >= refreshAt { pipeline.refresh() }
            if after >= statsAt {
                statsAt = after + command.statsInterval.nanoseconds
                try announceStats()
            }
            if let deadline, after >= deadline { return .duration }
            if after >= sweepAt {
                sweepAt = after + Self.sweepInterval
                try sweep()
            }
        }
    }

    /// Hands the waiting records on; returns how many there were.
    private func drain() throws(ProbeError) -> Int {
        try probe.consume { pipeline.handle($0) }
    }

    /// What processes wrote to sysctls comes before what the kernel announced of it.
    private func noteChanges() throws(ProbeError) {
        try probe.consumeWrites { pipeline.note($0) }
        pipeline.noteChanges()
    }

    /// The exact counts, what the filters take out as filtered.
    private func counters() throws(ProbeError) -> [DropKey: DropCounters] { filter.applied(to: try probe.counters()) }

    /// Once a second: namespaces that came and went, changed configuration, the status line.
    private mutating func sweep() throws {
        try noteChanges()
        let swept = pipeline.watch.sweep()
        if !swept.vanished.isEmpty {
            _ = try drain()
            let counts = filter.applied(to: try probe.fold(namespaceCookies: Set(swept.vanished.compactMap(\.cookie))))
            ledger.keep(counts, read: swept.read)
            pipeline.retire(swept.vanished, counts)
        }
        pipeline.refresh()
        try showStatus()
    }

    private mutating func showStatus() throws {
        guard status != nil else { return }
        let counters = try counters()
        let elapsed = MonotonicClock.now - ledger.start
        let line = status?.status(counters, gone: ledger.gone, elapsed: elapsed) { [pipeline] key in
            pipeline.watch.identity(inode: key.namespaceInode, cookie: key.namespaceCookie)
        }
        writeToStandardError(line?.render(width: Terminal.columns ?? 80, style: command.errorStyle) ?? "")
    }

    private mutating func announceStats() throws {
        let before = pipeline.watch.readCounters()
        let counters = try counters()
        let after = pipeline.watch.readCounters()
        let totals = ledger.totals(counters, before: before, after: after, reasonName: { probe.reasonName($0) })
        reportLosses(totals)
        events.send { clock, origin in
            Event(
                time: clock.wall(after.time), origin: origin, duration: after.time - ledger.start,
                payload: .stats(totals))
        }
    }

    private mutating func reportLosses(_ totals: Totals) {
        for loss in losses.losses(ringFull: totals.lost, nested: probe.nestedLosses()) {
            events.send { clock, origin in
                Event(time: clock.wall(MonotonicClock.now), origin: origin, payload: .lost(loss))
            }
        }
    }

    private func announceStart() {
        for refusal in probe.refusals {
            messages.detail("Tier \(refusal.tier.rawValue) is not used: \(refusal.reason)")
        }
        let missing = Privileges.current.missing
        for privilege in missing { messages.note("\(privilege.capability.rawValue) is missing. \(privilege.cost)") }
        messages.detail("Attached: \(probe.hooks.joined(separator: ", ")).")
        if let problem = probe.writesProblem { messages.detail(problem) }
        let count = pipeline.watch.watchedCount
        messages.note(
            "watching \(count) network namespace\(count == 1 ? "" : "s") through the \(probe.tier.rawValue) tier; "
                + "Ctrl-C ends the trace and prints the report")
        let start = StartInfo(
            kernelRelease: HostInformation.kernelRelease, architecture: HostInformation.architecture,
            libbpfVersion: Probe.libbpfVersion, tier: probe.tier.rawValue, hooks: probe.hooks,
            filters: command.filters, blindSpots: probe.blindSpots,
            missingPrivileges: missing.map(MissingPrivilege.init))
        events.send { clock, origin in
            Event(time: clock.wall(ledger.start), origin: origin, payload: .start(start))
        }
    }

    private func exitStatus(_ totals: Totals) throws -> ExitStatus {
        if let failure = events.failure {
            guard failure.kind != .closedPipe else { return .closedPipe }
            throw CommandFailure(
                .failed, "\(failure.description). Until then \(totals.drops) drops by rp_filter were counted")
        }
        if command.strict && (totals.lost > 0 || totals.kernel.unexplained != 0 || probe.nestedLosses() > 0) {
            return .unaccounted
        }
        return command.failOnDrop && totals.drops > 0 ? .refused : .done
    }
}
