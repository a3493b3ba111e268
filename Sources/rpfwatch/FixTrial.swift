// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Packets
import Probe
import Reports

/// A fix that is tried: packets counted before and while it is made, then undone or kept.
///
/// Before the first change it is on disk what is changed and how to undo it, and a second process holds the same: that one
/// undoes it, at the end as well as when this process is killed.
struct FixTrial: ~Copyable {
    private let command: FixCommand
    private let subject: FixSubject
    private let fix: Fix
    private let stop: StopSignal
    private let file: TrialFile
    private let journal = Journal()
    private var watch: NamespaceWatch
    private var changer: NamespaceChanger
    private var meter: PassageMeter
    private var changes: [HostChange] = []

    /// The guard undoes a trial by itself when this much more than the time given to it has passed: this process hangs.
    private static let grace: UInt64 = 30_000_000_000
    /// How often it is looked whether the changes still stand.
    private static let interval: UInt64 = 200_000_000
    /// Packets that are on their way through the check while the change is made belong to neither side.
    private static let settling: UInt64 = 20_000_000

    static func run(
        _ command: FixCommand, subject: FixSubject, fix: Fix, file: consuming TrialFile, stop: StopSignal
    ) throws -> TrialReport {
        if command.persist, let persist = fix.persist { try FixPersistence.require(persist) }
        let identity = subject.report.namespace
        let namespace = try openNamespace(identity)
        let meter = try PassageMeter(subject.report, in: namespace, tier: command.tier.tier)
        let watch = try NamespaceWatch(only: try openNamespace(identity))
        let trial = FixTrial(
            command: command, subject: subject, fix: fix, stop: stop, file: file, watch: watch,
            changer: try NamespaceChanger(namespace), meter: meter)
        return try trial.run()
    }

    private init(
        command: FixCommand, subject: FixSubject, fix: Fix, stop: StopSignal, file: consuming TrialFile,
        watch: consuming NamespaceWatch, changer: consuming NamespaceChanger, meter: consuming PassageMeter
    ) {
        self.command = command
        self.subject = subject
        self.fix = fix
        self.stop = stop
        self.file = file
        self.watch = watch
        self.changer = changer
        self.meter = meter
    }

    private consuming func run() throws -> TrialReport {
        let messages = command.messages
        messages.note("counting packets for \(seconds(command.before.nanoseconds)) before anything is changed")
        try meter.begin()
        wait(until: MonotonicClock.now + command.before.nanoseconds)
        guard !stop.isRequested else {
            messages.note("stopped before anything was changed")
            throw ExitStatus.done
        }
        let before = try meter.passage()

        let facts = try watch.facts(of: inode)
        for change in fix.changes { changes.append(try changer.prepared(change)) }
        let record = TrialRecord(
            time: clock.wall(MonotonicClock.now), processID: RunningProcess.own, findingID: subject.report.id,
            fix: fix.id.rawValue, namespace: facts.namespace, limit: command.duration.nanoseconds + Self.grace,
            changes: changes)
        // In this order: from the moment there is something on disk there is somebody who takes it away again.
        var guardian = try TrialGuardian(record, file: file, namespace: try openNamespace(subject.report.namespace))
        try file.write(record.json())
        do {
            try apply()
        } catch {
            // What was made until then is undone like a whole trial.
            let left = undo(&guardian).filter { $0.problem != nil }
            let rest = left.isEmpty ? "; what was changed is undone" : "; run `rpfwatch fix --undo`"
            throw CommandFailure(.failed, "\(error)" + rest)
        }
        wait(until: MonotonicClock.now + Self.settling)
        let changed = try? watch.facts(of: inode)
        _ = try meter.passage()
        let (ending, isWanted, overwritten) = try observe(&guardian)
        let during = try meter.passage()
        let comparison = Comparison(facts, changed, fix: fix, ingress: subject.report.interfaceIndex)
        var report = TrialReport(
            origin: Origin(host: HostInformation.name, version: Rpfwatch.version),
            time: clock.wall(MonotonicClock.now), finding: subject.report, fix: fix, changes: changes,
            traffic: meter.description, before: before, during: during, ending: ending, overwritten: overwritten,
            otherInterfaces: comparison.others, surprises: comparison.surprises)
        try conclude(&report, &guardian, isWanted: isWanted, facts)
        return report
    }

    private var inode: UInt32 { subject.report.namespace.inode }
    private var clock: ClockOffset { ClockOffset(nanoseconds: MonotonicClock.wallClockOffset) }

    private mutating func apply() throws {
        for change in changes {
            try changer.make(change)
            note("\(change)")
        }
    }

    /// Watches the changed host until the time is over or something ends it; whether the user wants to keep it.
    private mutating func observe(
        _ guardian: inout TrialGuardian
    ) throws -> (TrialReport.Ending, isWanted: Bool, [UndoneChange]) {
        let keys = command.quiet ? nil : TerminalKeys.take()
        var isWatchingKeys = keys != nil
        command.messages.note(
            "trying \(fix.id.rawValue) for \(seconds(command.duration.nanoseconds))"
                + (isWatchingKeys ? "; k keeps it, u undoes it now" : "; Ctrl-C undoes it now"))
        let deadline = MonotonicClock.now + command.duration.nanoseconds
        while true {
            let now = MonotonicClock.now
            if now >= deadline { return (.duration, command.keep || command.persist, []) }
            let ready = Poller.wait(
                [stop.descriptor ?? -1, guardian.descriptor, isWatchingKeys ? 0 : -1],
                nanoseconds: min(Self.interval, deadline - now))
            stop.check()
            if stop.isRequested { return (.signal, false, []) }
            if ready[1] { return (.guardLost, false, []) }
            if ready[2] {
                switch keys?.key() {
                case UInt8(ascii: "k"): return (.key, true, [])
                case UInt8(ascii: "u"), UInt8(ascii: "q"): return (.key, false, [])
                case nil: isWatchingKeys = false
                default: break
                }
            }
            try meter.drain()
            let overwritten = try overwritten()
            if !overwritten.isEmpty { return (.overwritten, false, overwritten) }
        }
    }

    /// The changes that no longer stand. What only its own tool can show is left to the end.
    private mutating func overwritten() throws -> [UndoneChange] {
        let sysctls = changes.compactMap { if case .sysctl(let sysctl) = $0 { sysctl } else { nil } }
        var result: [UndoneChange] = []
        for (sysctl, state) in zip(sysctls, try changer.states(of: sysctls)) where state != .made {
            // What was written a moment ago is told now.
            try meter.drain()
            result.append(UndoneChange(change: .sysctl(sysctl), found: state, writer: meter.writer(of: sysctl)))
        }
        for change in changes {
            switch change {
            case .sysctl, .filterRule: continue
            case .addAddress, .removeAddress, .addRule, .addRoute:
                let state = try changer.state(of: change)
                if state != .made { result.append(UndoneChange(change: change, found: state)) }
            }
        }
        return result
    }

    private mutating func conclude(
        _ report: inout TrialReport, _ guardian: inout TrialGuardian, isWanted: Bool, _ facts: NetworkFacts
    ) throws {
        let helps = report.outcome == .works || report.outcome == .noTraffic
        if isWanted && helps && guardian.keep() {
            report.isKept = true
            note("kept: \(fix.id.rawValue)")
            if command.persist, let persist = fix.persist {
                command.messages.note(
                    "\n" + TrialPlan.file(fix, style: command.color.style(isTerminal: Terminal.isError)))
                try FixPersistence.write(persist)
                report.persisted = persist.path
                note("written: \(persist.path)")
            }
            return
        }
        report.undone = undo(&guardian)
        report.isAsBefore = (try? watch.facts(of: inode)).map { Comparison.isSame($0, facts) }
    }

    /// Has the guard undo it; does it here when the guard is gone.
    private mutating func undo(_ guardian: inout TrialGuardian) -> [UndoneChange] {
        if let undone = guardian.undo() { return undone }
        let undone = undoChanges(changes, through: &changer)
        journal.write(undone: undone, finding: subject.report.id, fix: fix.id.rawValue)
        if undone.allSatisfy({ $0.problem == nil }) { file.remove() }
        return undone
    }

    private func note(_ line: String) {
        journal.write(trial: line, finding: subject.report.id, fix: fix.id.rawValue)
    }

    private mutating func wait(until deadline: UInt64) {
        while MonotonicClock.now < deadline && !stop.isRequested {
            _ = Poller.wait([stop.descriptor ?? -1], nanoseconds: min(Self.interval, deadline - MonotonicClock.now))
            stop.check()
            try? meter.drain()
        }
    }
}

/// What the change did to interfaces other than the one it is for, and whether undoing brought everything back.
private struct Comparison {
    var others = 0
    var surprises: [TrialReport.Surprise] = []

    init(_ before: NetworkFacts, _ after: NetworkFacts?, fix: Fix, ingress: UInt32) {
        guard let after else { return }
        for link in before.links where link.index != ingress && after.link(link.index) != nil {
            others += 1
            let expected =
                fix.widens.first { $0.interface == link.name }?.after
                ?? before.configuration.effective(link.index).rpFilter
            let found = after.configuration.effective(link.index).rpFilter
            if found != expected {
                surprises.append(TrialReport.Surprise(interface: link.name, expected: expected, found: found))
            }
        }
    }

    static func isSame(_ one: NetworkFacts, _ other: NetworkFacts) -> Bool {
        one.configuration == other.configuration && Set(one.addresses) == Set(other.addresses)
            && one.rules == other.rules && (one.routes == other.routes || Set(one.routes) == Set(other.routes))
    }
}

private func seconds(_ nanoseconds: UInt64) -> String {
    nanoseconds < 1_000_000_000 ? "\(nanoseconds / 1_000_000) ms" : "\(nanoseconds / 1_000_000_000) s"
}
