// SPDX-License-Identifier: Apache-2.0
import CEvent
import Drops
import Packets
import SystemPackage

/// Loads the programs of the first tier that works.
struct TierLoader {
    let trial: TierTrial
    let options: ProbeOptions
    let hierarchy: CgroupHierarchy?

    struct Loaded: ~Copyable {
        let tier: Tier
        let refusals: [TierRefusal]
        let object: BPFObject
        let programs: [ProgramFigures]
        /// Why the hook on sysctl writes is not loaded; nil when it is.
        let writesRefusal: String?
    }

    private enum Failure: Error {
        /// This tier does not work here, another may.
        case refused(String)
        case final(ProbeError)
    }

    func load() throws(ProbeError) -> Loaded {
        var refusals: [TierRefusal] = []
        var writesRefusal = options.watchesWrites ? WriteHook.refusal(in: hierarchy) : "it was not asked for"
        for tier in options.tier.map({ [$0] }) ?? Tier.allCases {
            do {
                var programs: [ProgramFigures] = []
                let object = try load(tier, &programs, &writesRefusal)
                return Loaded(
                    tier: tier, refusals: refusals, object: object, programs: programs, writesRefusal: writesRefusal)
            } catch {
                switch error {
                case .refused(let reason): refusals.append(TierRefusal(tier: tier, reason: reason))
                case .final(let error): throw error
                }
            }
        }
        let reasons = refusals.map { "\($0.tier.rawValue): \($0.reason)" }.joined(separator: "; ")
        throw ProbeError(
            .unsupported,
            options.tier == nil
                ? "This kernel offers no hook that shows rp_filter drops (\(reasons))."
                : "This tier does not work here (\(reasons)); --tier auto takes the best one that does.",
            refusals: refusals)
    }

    private func load(
        _ tier: Tier, _ figures: inout [ProgramFigures], _ writesRefusal: inout String?
    ) throws(Failure) -> BPFObject {
        if let reason = trial.refusal(of: tier) { throw .refused(reason) }
        let drops = trial.programs(of: tier)
        let needed = drops.verdict + drops.drop
        if writesRefusal == nil {
            // What a kernel has against this one program is no reason to do without the others.
            do throws(Failure) {
                let object = try load(tier, [.sysctlWrite] + needed, &figures)
                try tryVerdict(object, tier)
                return object
            } catch .final {
                writesRefusal = "this kernel does not accept the program for it"
            } catch {
                throw error
            }
        }
        let object = try load(tier, needed, &figures)
        try tryVerdict(object, tier)
        return object
    }

    private func load(
        _ tier: Tier, _ programs: [BPFProgram], _ figures: inout [ProgramFigures]
    ) throws(Failure) -> BPFObject {
        let object: BPFObject
        do {
            object = try open(tier, programs)
        } catch {
            throw .final(error)
        }
        do {
            if options.measuresPrograms {
                figures = try object.load(measuring: programs)
            } else {
                try object.load()
            }
        } catch {
            throw .final(ProbeError(error))
        }
        return object
    }

    /// The object with some programs selected, configured for this tier.
    private func open(_ tier: Tier, _ programs: [BPFProgram]) throws(ProbeError) -> BPFObject {
        let object = try BPFObject()
        for program in programs { try object.select(program) }
        try object.setConstants(rpfw_config(options, tier))
        // Beside the entries for drops that find the map full.
        try object.setCapacity(ofMap: "counters", options.keyLimit + UInt32(DropOutcome.allCases.count))
        return object
    }

    /// Attaches the verdict hook and lets go of it again: some kernels refuse only then.
    private func tryVerdict(_ object: borrowing BPFObject, _ tier: Tier) throws(Failure) {
        var links = BPFLinks()
        for program in trial.programs(of: tier).verdict {
            do {
                try object.attach(program, to: &links)
            } catch {
                throw .refused(
                    tier == .fexit
                        ? TierTrial.sentence(forTrampoline: error.errno) : TierTrial.sentence(forKprobe: error.errno))
            }
        }
    }
}

extension ProbeError {
    /// What the kernel or libbpf said about the whole object.
    fileprivate init(_ failure: LoadFailure) {
        switch failure.errno {
        case .notPermitted, .permissionDenied:
            self.init(
                .notPermitted,
                "The kernel refuses the BPF programs although this process has the capabilities: a security policy or "
                    + "kernel lockdown forbids tracing (see the kernel log).")
        default:
            let detail = failure.log.split(separator: "\n").last { $0.contains("failed") }.map { " (\($0))" } ?? ""
            self.init(.unsupported, "This kernel does not accept the BPF programs: \(failure.errno)\(detail).")
        }
    }
}

extension rpfw_config {
    fileprivate init(_ options: ProbeOptions, _ tier: Tier) {
        self.init()
        let sample: UInt32 = 64
        netns_inode = options.namespaceInode ?? 0
        source = (options.source?.address.rawValue ?? 0).bigEndian
        source_mask = (options.source?.mask ?? 0).bigEndian
        destination = (options.destination?.address.rawValue ?? 0).bigEndian
        destination_mask = (options.destination?.mask ?? 0).bigEndian
        detail_per_window =
            switch options.detail {
            case .findings: sample
            case .everyDrop: 1 << 14
            }
        detail_when_full = sample
        ring_bytes = UInt32(RPFW_RING_BYTES)
        record_other = options.recordOther ? 1 : 0
        verdict_hook = tier == .tracepoint ? 0 : 1
    }
}
