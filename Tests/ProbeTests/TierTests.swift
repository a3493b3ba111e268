// SPDX-License-Identifier: Apache-2.0
import SystemPackage
import Testing

@testable import Probe

/// The choice of hooks, on whatever kernel this is.
@Suite(.enabled(if: isRoot, "needs root: BPF"))
struct TierTests {
    @Test func theFirstTierThatWorksIsTakenAndTheBetterOnesAreRefusedWithAReason() throws {
        let probe = try Probe(ProbeOptions())
        let better = Tier.allCases.prefix { $0 != probe.tier }
        #expect(probe.refusals.map(\.tier) == Array(better))
        for refusal in probe.refusals {
            #expect(Self.isClause(refusal.reason), "\(refusal.reason)")
        }
        #expect(probe.hooks.contains("tp_btf/kfree_skb"))
        for spot in probe.blindSpots { #expect(Self.isSentence(spot), "\(spot)") }
        #expect(probe.tier != .tracepoint || probe.blindSpots.contains { $0.contains("ARP") })
    }

    @Test(arguments: Tier.allCases)
    func aForcedTierWorksOrSaysWhyNot(tier: Tier) throws {
        do throws(ProbeError) {
            var probe = try Probe(ProbeOptions(tier: tier))
            #expect(probe.tier == tier)
            #expect(probe.refusals.isEmpty)
            try probe.attach()
        } catch {
            #expect(error.kind == .unsupported)
            #expect(Self.isSentence(error.description), "\(error.description)")
            #expect(error.description.contains("\(tier.rawValue): "))
            #expect(error.description.contains("--tier auto"))
            // Whatever is refused when forced is not chosen by itself either.
            let chosen = try Probe(ProbeOptions()).tier
            #expect(chosen != tier)
        }
    }

    @Test func everyProgramThatThisKernelCanRunLoads() throws {
        // The verdict programs load before the kernel decides whether they may attach, unless policy forbids their kind.
        let trial = TierTrial(types: try KernelTypes.ofThisKernel())
        for tier in Tier.allCases where trial.refusal(of: tier) == nil {
            let object = try BPFObject()
            let programs = trial.programs(of: tier)
            for program in programs.verdict + programs.drop { try object.select(program) }
            try object.setCapacity(ofMap: "counters", 8)
            #expect(throws: Never.self, "\(tier)") { try object.load() }
        }
    }

    @Test func aRefusalBecomesAClause() {
        for errno in [Errno.notPermitted, Errno(rawValue: 524), .noSuchFileOrDirectory, .noMemory] {
            #expect(Self.isClause(TierTrial.sentence(forTrampoline: errno)))
            #expect(Self.isClause(TierTrial.sentence(forKprobe: errno)))
        }
    }

    @Test func capabilitiesThatAreMissingAreNamed() {
        let administration: UInt64 = 1 << 21
        let monitoring: UInt64 = 1 << 38
        let bpf: UInt64 = 1 << 39
        #expect(Capabilities(effective: 0).missing == ["CAP_BPF", "CAP_PERFMON"])
        #expect(Capabilities(effective: bpf).missing == ["CAP_PERFMON"])
        #expect(Capabilities(effective: monitoring).missing == ["CAP_BPF"])
        #expect(Capabilities(effective: bpf | monitoring).missing == [])
        #expect(Capabilities(effective: administration).missing == [])
    }

    /// Goes into a sentence after the tier's name.
    private static func isClause(_ text: String) -> Bool {
        !text.isEmpty && !text.contains("\n") && !text.hasSuffix(".") && !text.lowercased().contains("libbpf")
    }

    private static func isSentence(_ text: String) -> Bool {
        text.hasSuffix(".") && text.first?.isUppercase == true && !text.contains("\n")
            && !text.lowercased().contains("libbpf")
    }
}
