// SPDX-License-Identifier: Apache-2.0
import Drops
import Glibc
import Lab
import Probe

/// A probe on one namespace of a testbed, from before the packets to after them.
struct Watch: ~Copyable {
    private var probe: Probe
    private let namespace: Namespace
    private let before: KernelCounters

    /// What was seen.
    struct Result {
        var events: [DropEvent]
        var counters: [DropKey: DropCounters]
        /// Growth of the kernel's own IPReversePathFilter.
        var kernelCounter: Int
        var nestedLosses: UInt64

        func drops(_ outcome: DropOutcome) -> UInt64 {
            counters.reduce(0) { $0 + ($1.key.outcome == outcome ? $1.value.drops : 0) }
        }

        func events(_ outcome: DropOutcome) -> [DropEvent] { events.filter { $0.key.outcome == outcome } }
    }

    init(_ namespace: Namespace, options: ProbeOptions = ProbeOptions()) throws {
        var options = options
        options.namespaceInode = UInt32(namespace.inode)
        let before = try KernelCounters(of: namespace)
        var probe = try Probe(options)
        do {
            try probe.attach()
        } catch {
            throw error
        }
        self.probe = probe
        self.namespace = namespace
        self.before = before
    }

    /// Detaches and reads everything.
    mutating func finish() throws -> Result {
        probe.detach()
        let growth = try KernelCounters(of: namespace) - before
        var events: [DropEvent] = []
        while try probe.consume({ events.append($0) }) > 0 {}
        return Result(
            events: events, counters: try probe.counters(), kernelCounter: growth.reversePathFilter,
            nestedLosses: probe.nestedLosses())
    }
}

/// Counting real drops needs to be root.
let isRoot = geteuid() == 0
