// SPDX-License-Identifier: Apache-2.0
import Drops
import Glibc
import Lab
import Probe

/// A probe on one namespace of a testbed, from before the packets to after them.
final class Watch {
    private var probe: Probe
    private let namespace: Namespace
    private let inode: UInt32
    private let before: KernelCounters

    /// What was seen.
    struct Result {
        var events: [DropEvent]
        /// Those of the namespace.
        var counters: [DropKey: DropCounters]
        /// Also those of no namespace, which drops without a device and drops that found the map full have.
        var all: [DropKey: DropCounters]
        /// Growth of the kernel's own IPReversePathFilter.
        var kernelCounter: Int
        var nestedLosses: UInt64
        var nestedRescues: UInt64

        func drops(_ outcome: DropOutcome) -> UInt64 {
            counters.reduce(0) { $0 + ($1.key.outcome == outcome ? $1.value.drops : 0) }
        }

        func events(_ outcome: DropOutcome) -> [DropEvent] { events.filter { $0.key.outcome == outcome } }
    }

    struct Counts: Equatable {
        var ours: Int
        var kernel: Int
    }

    /// - Parameter everywhere: Watches all namespaces, not only this one.
    init(_ namespace: Namespace, options: ProbeOptions = ProbeOptions(), everywhere: Bool = false) throws {
        var options = options
        if !everywhere { options.namespaceInode = UInt32(namespace.inode) }
        inode = UInt32(namespace.inode)
        let before = try KernelCounters(of: namespace)
        var probe = try Probe(options)
        try probe.attach()
        self.probe = probe
        self.namespace = namespace
        self.before = before
    }

    /// Growth of the kernel's own IPReversePathFilter so far.
    func kernelCounter() throws -> Int {
        let growth = try KernelCounters(of: namespace) - before
        return growth.reversePathFilter
    }

    /// rp_filter drops in the namespace so far, by our count and by the kernel's.
    func counts() throws -> Counts {
        let ours = try probe.counters().reduce(0) { sum, entry in
            let counts = entry.key.namespaceInode == inode && entry.key.outcome == .reversePathFilter
            return counts ? sum + Int(entry.value.drops) : sum
        }
        return Counts(ours: ours, kernel: try kernelCounter())
    }

    func counters() throws -> [DropKey: DropCounters] { try probe.counters() }

    func fold(_ cookies: Set<UInt64>) throws -> [DropKey: DropCounters] { try probe.fold(namespaceCookies: cookies) }

    func attach() throws { try probe.attach() }

    func detach() { probe.detach() }

    /// Whether records are announced within a time.
    func isReadable(within milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: probe.fileDescriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, milliseconds) == 1
    }

    /// Whether this kernel has a drop reason of that name.
    func hasReason(_ name: String) -> Bool { (0..<512).contains { probe.reasonName($0) == name } }

    func nestedRescues() -> UInt64 { probe.nestedRescues() }

    /// Waits until nothing more is dropped: packets may still be in another CPU's backlog when the last was sent.
    func settle(for microseconds: UInt32 = 300_000) throws {
        var earlier = -1
        var now = try kernelCounter()
        while now != earlier {
            usleep(microseconds)
            (earlier, now) = (now, try kernelCounter())
        }
    }

    /// Detaches and reads everything. What is dropped meanwhile may be in one count and not in the other.
    func finish() throws -> Result {
        probe.detach()
        let kernelCounter = try kernelCounter()
        var events: [DropEvent] = []
        while try probe.consume({ events.append($0) }) > 0 {}
        let counters = try probe.counters()
        return Result(
            events: events.filter { $0.key.namespaceInode == inode },
            counters: counters.filter { $0.key.namespaceInode == inode }, all: counters, kernelCounter: kernelCounter,
            nestedLosses: probe.nestedLosses(), nestedRescues: probe.nestedRescues())
    }
}

/// Counting real drops needs to be root.
let isRoot = geteuid() == 0
