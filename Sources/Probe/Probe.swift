// SPDX-License-Identifier: Apache-2.0
import CBPF
package import Drops
import SystemPackage

/// The kernel's side of a trace: programs, ring and counters, gone with this value.
package struct Probe: ~Copyable {
    /// The hooks in use.
    package let tier: Tier
    /// The better tiers that this kernel or these privileges do not allow, and why.
    package let refusals: [TierRefusal]
    /// What the programs cost the verifier, when the options asked for it.
    package let programs: [ProgramFigures]
    private let trial: TierTrial
    private let object: BPFObject
    private var links: BPFLinks
    /// Why no process that writes a sysctl can be seen, as a clause; nil when they can.
    private var writesRefusal: String?
    private let hierarchy: CgroupHierarchy?
    private let ring: RingReader
    /// Stays empty without the hook on writes.
    private let writes: RingReader
    private let counterMap: CounterMap
    private let cpus: PerCPUState
    /// Misses of the first drop program, and of the verdict programs, before counting began.
    private var missesBefore: UInt64 = 0
    private var verdictMissesBefore: UInt64 = 0
    /// What the links of the verdict hook told before they were let go.
    private var skippedProbes: UInt64 = 0

    /// How many records one `consume` hands over at most, so that a flood cannot keep its caller from everything else.
    private static let consumeLimit = 1 << 16

    /// Chooses the tier, loads its programs and tries to attach them; nothing is counted before `attach`.
    package init(_ options: ProbeOptions) throws(ProbeError) {
        try Capabilities.require()
        let trial = TierTrial(types: try KernelTypes.ofThisKernel())
        let hierarchy = CgroupHierarchy.mounted()
        let loaded = try TierLoader(trial: trial, options: options, hierarchy: hierarchy).load()
        let ring = try RingReader(map: loaded.object.descriptor(ofMap: "ring"))
        let writes = try RingReader(map: loaded.object.descriptor(ofMap: "writes"))
        let counterMap = try CounterMap(map: loaded.object.descriptor(ofMap: "counters"))
        let cpus = PerCPUState(map: try loaded.object.descriptor(ofMap: "cpus"))

        self.trial = trial
        self.hierarchy = hierarchy
        self.ring = ring
        self.writes = writes
        writesRefusal = loaded.writesRefusal
        self.counterMap = counterMap
        self.cpus = cpus
        tier = loaded.tier
        refusals = loaded.refusals
        programs = loaded.programs
        links = BPFLinks()
        object = loaded.object
    }

    /// The hooks as libbpf names them.
    package var hooks: [String] {
        let verdict: [String] =
            switch tier {
            case .fexit: ["fexit/fib_validate_source"]
            case .kprobe: ["kprobe/fib_validate_source", "kretprobe/fib_validate_source"]
            case .tracepoint: []
            }
        return verdict + ["tp_btf/kfree_skb"] + (writesRefusal == nil ? ["cgroup/sysctl"] : [])
    }

    /// True when this kernel says why it drops a packet (Linux 5.17 and later): only then are other drops told apart.
    package var hasDropReasons: Bool { trial.hasReasonArgument }

    /// What cannot be seen with these hooks on this kernel, one sentence each.
    package var blindSpots: [String] { trial.blindSpots(of: tier) }

    /// What is not known about who writes sysctls, as a sentence; nil when all of it is.
    package var writesProblem: String? {
        writesRefusal.map { "Which process writes a sysctl is not seen: \($0)." } ?? WriteHook.blindSpot(in: hierarchy)
    }

    /// Why the running kernel's own types (BTF) cannot be used; nil when they can.
    package static var typesProblem: String? {
        do throws(ProbeError) {
            _ = try KernelTypes.ofThisKernel()
            return nil
        } catch {
            return error.description
        }
    }

    /// Version of the library that loads the programs, such as `v1.1`.
    package static var libbpfVersion: String { unsafe String(cString: libbpf_version_string()) }

    /// Starts counting.
    package mutating func attach() throws(ProbeError) {
        let programs = trial.programs(of: tier)
        var links = BPFLinks()
        try cpus.reset()
        for program in programs.drop + programs.verdict {
            do {
                try object.attach(program, to: &links)
            } catch {
                throw ProbeError(.failed, "Cannot attach the BPF program \(program.rawValue): \(error.errno).")
            }
        }
        attachWrites(to: &links)
        self.links = links
        missesBefore = object.misses(of: programs.drop[0])
        verdictMissesBefore = verdictMisses
        skippedProbes = 0
        try object.setEnabled(true)
    }

    /// A trace is worth having without it.
    private mutating func attachWrites(to links: inout BPFLinks) {
        guard writesRefusal == nil, let hierarchy else { return }
        do {
            let folder = try FileDescriptor.open(hierarchy.path, .readOnly, options: [.closeOnExec, .directory])
            defer { try? folder.close() }
            try object.attach(.sysctlWrite, toCgroup: folder, links: &links)
        } catch let failure as LoadFailure {
            writesRefusal = WriteHook.sentence(for: failure.errno)
        } catch {
            writesRefusal = "\(hierarchy.path) cannot be opened"
        }
    }

    /// Stops counting. Records and counters can still be read.
    package mutating func detach() {
        // Fails only for an object that could not have been enabled either.
        try? object.setEnabled(false)
        skippedProbes = links.skippedProbes
        links = BPFLinks()
    }

    /// Readable when records are waiting. A record is announced within 5 ms of the one before, or not at all until the next,
    /// so call `consume` every 20 ms too.
    package var fileDescriptor: Int32 { ring.fileDescriptor }

    /// Hands over the records that are waiting, oldest first, with the names of their reasons; returns how many. More may
    /// have come when it returns a large number.
    package func consume(_ body: (DropEvent) -> Void) throws(ProbeError) -> Int {
        try ring.consume(limit: Self.consumeLimit) { record in
            // The programs come from the same source as the decoder; what it does not understand was not written by them.
            guard var event = DropEvent(record: record) else { return }
            if trial.hasReasonArgument { event.reasonName = reasonName(event.key.reason) }
            body(event)
        }
    }

    /// Readable when processes wrote to sysctls; nil when that is not seen.
    package var writesDescriptor: Int32? { writesRefusal == nil ? writes.fileDescriptor : nil }

    /// Hands over what processes wrote to sysctls, oldest first. A write is here before anything can come of it.
    package func consumeWrites(_ body: (SysctlWrite) -> Void) throws(ProbeError) {
        _ = try writes.consume(limit: Self.consumeLimit) { record in
            if let write = SysctlWrite(record: record) { body(write) }
        }
    }

    /// The kernel's exact counts, summed over the CPUs.
    package func counters() throws(ProbeError) -> [DropKey: DropCounters] { try counterMap.read() }

    /// Removes the counts of namespaces that no longer exist and returns the last of them, which the caller has to keep.
    package func fold(namespaceCookies: Set<UInt64>) throws(ProbeError) -> [DropKey: DropCounters] {
        try counterMap.remove(namespaceCookies: namespaceCookies)
    }

    /// The kernel's name for a drop reason, without the SKB_DROP_REASON_ prefix; nil for a number of a subsystem of its own.
    package func reasonName(_ number: UInt32) -> String? { trial.types.dropReasons[number] }

    /// Drops that came while another one was in the drop programs on that CPU, and were counted all the same.
    package func nestedRescues() -> UInt64 { cpus.counts().map { $0.secondChances + $0.interruptions } ?? 0 }

    /// Drops, of whatever reason, that no program saw because all were interrupted while running on that CPU, and refusals
    /// of which nothing but the verdict is known.
    ///
    /// The kernel counts what it skipped the first drop program for; the second counts what it handled in its place.
    /// The difference went unseen. Drops that only the second was skipped for had been counted by the first.
    package func nestedLosses() -> UInt64 {
        // In this order: what is handled between the two readings makes the difference too small, never too large.
        let skipped = object.misses(of: trial.programs(of: tier).drop[0]) &- missesBefore
        guard let counts = cpus.counts() else { return skipped }
        return (skipped > counts.secondChances ? skipped - counts.secondChances : 0) + counts.unmatchedRefusals
    }

    /// How often the kernel did not run the verdict hook because it was busy with another probe or program on that CPU,
    /// as far as it tells. Most of those checks will have accepted their packet; a refused packet's drop is then known
    /// by its reason alone, and an ARP refusal is not seen. See "Missed" in bpf/rpfwatch.bpf.c.
    package func skippedVerdicts() -> UInt64 {
        (verdictMisses &- verdictMissesBefore) + max(skippedProbes, links.skippedProbes)
    }

    private var verdictMisses: UInt64 {
        trial.programs(of: tier).verdict.reduce(0) { $0 + object.misses(of: $1) }
    }
}
