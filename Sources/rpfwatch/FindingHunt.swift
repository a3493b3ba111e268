// SPDX-License-Identifier: Apache-2.0
import Fixes
import Host
import Packets
import Probe
import Reports

/// A trace that ends when one finding is known well enough to be fixed.
struct FindingHunt: ~Copyable {
    private let id: String
    private let stop: StopSignal
    private var probe: Probe
    private let pipeline: DropPipeline
    private let found: Found

    /// How long packets are gathered after the first one, so that the fix fits others of the finding too.
    private static let gatherTime: UInt64 = 1_000_000_000
    private static let interval: UInt64 = 20_000_000

    private final class Found {
        var id: String?
        /// Other findings that were dropped meanwhile.
        var others: [String] = []
    }

    /// What was seen and is not what is looked for, a few of them, in words.
    var others: [String] { found.others }

    init(_ id: String, namespace: UInt32?, tier: Tier?, stop: StopSignal) throws {
        let watch: NamespaceWatch =
            if let namespace { try NamespaceWatch(only: try resolveNamespace("inode:\(namespace)")) } else {
                try NamespaceWatch()
            }
        let probe = try Probe(
            ProbeOptions(tier: tier, namespaceInode: namespace, detail: .everyDrop, watchesWrites: false))
        let events = EventSink(
            // Its report is never asked for.
            Output(.text, showsDrops: false, style: .plain), to: .standardOutput(), stop: stop,
            clock: ClockOffset(nanoseconds: MonotonicClock.wallClockOffset),
            origin: Origin(host: HostInformation.name, version: Rpfwatch.version))
        let found = Found()
        let pipeline = DropPipeline(
            watch: watch, filter: InterfaceFilter(patterns: []), limit: nil, events: events, symbols: KernelSymbols()
        ) { finding in
            if finding.id.hasPrefix(id) {
                found.id = found.id ?? finding.id
            } else if found.others.count < 4 {
                found.others.append("\(finding.id) on \(finding.interface.display)")
            }
        } onChange: { _ in
        }
        self.id = id
        self.stop = stop
        self.found = found
        self.pipeline = pipeline
        self.probe = probe
    }

    /// The finding with its advice; nil when none came in that time.
    mutating func run(within limit: UInt64) throws -> FindingReport? {
        try probe.attach()
        var deadline = MonotonicClock.now + limit
        var isFound = false
        while MonotonicClock.now < deadline && !stop.isRequested {
            _ = Poller.wait(
                [stop.descriptor ?? -1, probe.fileDescriptor, pipeline.watch.descriptor], nanoseconds: Self.interval)
            stop.check()
            pipeline.noteChanges()
            _ = try probe.consume { pipeline.handle($0) }
            pipeline.announceFindings()
            if !isFound && found.id != nil {
                isFound = true
                deadline = min(deadline, MonotonicClock.now + Self.gatherTime)
            }
        }
        probe.detach()
        guard !stop.isRequested, let id = found.id else { return nil }
        return pipeline.report(on: id)
    }
}
