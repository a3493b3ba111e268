// SPDX-License-Identifier: Apache-2.0
import CEvent
import Drops
import Packets
import SystemPackage

/// Loads the programs of the first tier that works.
struct TierLoader {
    let trial: TierTrial
    let options: ProbeOptions

    struct Loaded: ~Copyable {
        let tier: Tier
        let refusals: [TierRefusal]
        let object: BPFObject
        let programs: [ProgramFigures]
    }

    private enum Failure: Error {
        /// This tier does not work here, another may.
        case refused(String)
        case final(ProbeError)
    }

    func load() throws(ProbeError) -> Loaded {
        var refusals: [TierRefusal] = []
        for tier in options.tier.map({ [$0] }) ?? Tier.allCases {
            do {
                var programs: [ProgramFigures] = []
                let object = try load(tier, &programs)
                return Loaded(tier: tier, refusals: refusals, object: object, programs: programs)
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

    private func load(_ tier: Tier, _ figures: inout [ProgramFigures]) throws(Failure) -> BPFObject {
        if let reason = trial.refusal(of: tier) { throw .refused(reason) }
        let object: BPFObject
        do {
            object = try open(tier)
        } catch {
            throw .final(error)
        }
        do {
            if options.measuresPrograms {
                let programs = trial.programs(of: tier)
                figures = try object.load(measuring: programs.verdict + programs.drop)
            } else {
                try object.load()
            }
        } catch {
            throw .final(ProbeError(error))
        }
        try tryVerdict(object, tier)
        return object
    }

    /// The object with this tier's programs selected and configured.
    private func open(_ tier: Tier) throws(ProbeError) -> BPFObject {
        let programs = trial.programs(of: tier)
        let object = try BPFObject()
        for program in programs.verdict + programs.drop { try object.select(program) }
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
