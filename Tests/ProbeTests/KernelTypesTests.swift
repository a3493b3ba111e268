// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Probe

/// BTF as the kernel writes it (Documentation/bpf/btf.rst).
@Suite struct KernelTypesTests {
    /// Types with the names they refer to, laid out as a BTF blob.
    private struct Builder {
        var types: [UInt8] = []
        var strings: [UInt8] = [0]

        mutating func add(_ name: String, kind: UInt32, members: Int = 0, _ word: UInt32, detail: [UInt32] = []) {
            types += bytes([string(name), kind << 24 | UInt32(members), word] + detail)
        }

        mutating func string(_ text: String) -> UInt32 {
            if text.isEmpty { return 0 }
            defer { strings += Array(text.utf8) + [0] }
            return UInt32(strings.count)
        }

        var blob: [UInt8] {
            [0x9F, 0xEB, 1, 0]
                + bytes([24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count)]) + types + strings
        }

        private func bytes(_ words: [UInt32]) -> [UInt8] {
            words.flatMap { word in [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) } }
        }
    }

    /// A kernel whose tracepoint passes `arguments` arguments.
    private static func kernel(arguments: Int, reasons: [(String, UInt32)]) -> Builder {
        var builder = Builder()
        builder.add("int", kind: 1, 4, detail: [0x0100_0020])  // 1
        builder.add("sk_buff", kind: 4, members: 1, 8, detail: [0, 1, 0])  // 2
        builder.add("", kind: 2, 2)  // 3: struct sk_buff *
        let parameters = [UInt32](repeating: 3, count: arguments + 1).flatMap { [0, $0] as [UInt32] }
        builder.add("", kind: 13, members: arguments + 1, 0, detail: parameters)  // 4: prototype
        builder.add("", kind: 2, 4)  // 5: pointer to it
        builder.add("btf_trace_kfree_skb", kind: 8, 5)  // 6
        builder.add("", kind: 3, 0, detail: [1, 1, 4])  // 7: array
        var values: [UInt32] = []
        for (name, number) in reasons { values += [builder.string(name), number] }
        if !reasons.isEmpty { builder.add("skb_drop_reason", kind: 6, members: reasons.count, 4, detail: values) }
        builder.add("some_enum64", kind: 19, members: 1, 8, detail: [0, 1, 2])
        builder.add("fib_validate_source", kind: 12, 4)
        builder.add("fib_validate_source_later", kind: 12, 4)
        return builder
    }

    private func parse(_ bytes: [UInt8]) -> KernelTypes? { unsafe KernelTypes.parse(bytes.span.bytes) }

    @Test func reasonsArgumentsAndTheFunctionAreFound() throws {
        let reasons: [(String, UInt32)] = [
            ("SKB_NOT_DROPPED_YET", 0), ("SKB_DROP_REASON_IP_RPFILTER", 16),
            ("SKB_DROP_REASON_SUBSYS_MASK", 0xffff_0000),
        ]
        let types = try #require(parse(Self.kernel(arguments: 4, reasons: reasons).blob))
        #expect(types.dropReasons == [0: "SKB_NOT_DROPPED_YET", 16: "IP_RPFILTER", 0xffff_0000: "SUBSYS_MASK"])
        #expect(types.dropTracepointArguments == 4)
        #expect(types.sourceCheckFunction == 10)
        let trial = TierTrial(types: types)
        #expect(trial.hasReasonArgument && trial.hasReversePathReason && !trial.hasSourceReasons)
        #expect(trial.programs(of: .tracepoint).drop == [.dropFirst, .dropSecond, .dropLast])
    }

    @Test func aKernelWithoutReasonsGetsTheProgramsThatReadNone() throws {
        let types = try #require(parse(Self.kernel(arguments: 2, reasons: []).blob))
        let trial = TierTrial(types: types)
        #expect(!trial.hasReasonArgument && !trial.hasReversePathReason)
        #expect(trial.programs(of: .kprobe).drop == [.dropFirstPlain, .dropSecondPlain, .dropLast])
        #expect(trial.refusal(of: .tracepoint)?.contains("5.18") == true)
        #expect(trial.blindSpots(of: .kprobe).contains { $0.contains("netfilter") })
    }

    @Test func aKernelWithoutTheTracepointIsRefused() throws {
        var builder = Builder()
        builder.add("int", kind: 1, 4, detail: [0x0100_0020])
        let trial = TierTrial(types: try #require(parse(builder.blob)))
        for tier in Tier.allCases { #expect(trial.refusal(of: tier) != nil) }
    }

    @Test func anyOctetsAreParsedOrRefused() {
        let blob = Self.kernel(arguments: 4, reasons: [("SKB_DROP_REASON_IP_RPFILTER", 16)]).blob
        for size in 0..<blob.count { #expect(parse(Array(blob.prefix(size))) == nil, "\(size) octets") }
        for index in blob.indices {
            for bit in 0..<8 {
                var broken = blob
                broken[index] ^= 1 << UInt8(bit)
                _ = parse(broken)
            }
        }
    }

    @Test(.enabled(if: isRoot, "needs a kernel with BTF"))
    func theRunningKernelIsUnderstood() throws {
        let types = try KernelTypes.ofThisKernel()
        #expect((types.dropTracepointArguments ?? 0) >= 2)
        #expect(types.dropReasons.isEmpty || types.dropReasons.values.contains("NOT_SPECIFIED"))
    }
}
