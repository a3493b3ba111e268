// SPDX-License-Identifier: Apache-2.0
import CBPF
import Glibc
import SystemPackage

/// Finds out what a tier needs by trying it, never by the kernel's version.
struct TierTrial {
    let types: KernelTypes

    /// True when a drop by rp_filter has a reason of its own.
    var hasReversePathReason: Bool { types.dropReasons.values.contains("IP_RPFILTER") }
    /// True when drops for a local, invalid or loopback source have one too.
    var hasSourceReasons: Bool { types.dropReasons.values.contains("IP_LOCAL_SOURCE") }
    /// True when the tracepoint passes a reason (skb, location, reason).
    var hasReasonArgument: Bool { (types.dropTracepointArguments ?? 0) >= 3 }

    /// The programs of a tier, in the order in which they have to be attached.
    func programs(of tier: Tier) -> (verdict: [BPFProgram], drop: [BPFProgram]) {
        let verdict: [BPFProgram] =
            switch tier {
            case .fexit: [.verdictExit]
            case .kprobe: [.verdictReturn, .verdictEntry]
            case .tracepoint: []
            }
        let drop: [BPFProgram] =
            hasReasonArgument
            ? [.dropFirst, .dropSecond, .dropLast] : [.dropFirstPlain, .dropSecondPlain, .dropLast]
        return (verdict, drop)
    }

    /// Why a tier cannot work here, from what is cheap to try; nil when it is worth loading.
    func refusal(of tier: Tier) -> String? {
        guard types.dropTracepointArguments != nil else {
            return "this kernel has no kfree_skb tracepoint that BPF can use"
        }
        return switch tier {
        case .fexit: refusalOfTrampoline()
        case .kprobe:
            unsafe access("/sys/bus/event_source/devices/kprobe", F_OK) == 0
                ? nil : "this kernel is built without kprobes (CONFIG_KPROBES)"
        case .tracepoint:
            hasReasonArgument && hasReversePathReason
                ? nil : "this kernel gives no reason with a drop by rp_filter (Linux 5.18 and later do)"
        }
    }

    /// Loads and attaches a program that does nothing, since the real ones take twenty times as long to be refused.
    private func refusalOfTrampoline() -> String? {
        guard let function = types.sourceCheckFunction else {
            return "fib_validate_source is not a function of its own in this kernel (the compiler inlined it)"
        }
        var options = unsafe bpf_prog_load_opts()
        unsafe options.sz = MemoryLayout<bpf_prog_load_opts>.size
        unsafe options.expected_attach_type = BPF_TRACE_FEXIT
        unsafe options.attach_btf_id = function
        var returnZero = [bpf_insn(), bpf_insn()]
        returnZero[0].code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)
        returnZero[1].code = UInt8(BPF_JMP | BPF_EXIT)
        let program = unsafe bpf_prog_load(
            BPF_PROG_TYPE_TRACING, "rpfw_trial", "Dual BSD/GPL", returnZero, returnZero.count, &options)
        guard program >= 0 else { return Self.sentence(forTrampoline: Errno(rawValue: -program)) }
        defer { close(program) }
        let link = bpf_raw_tracepoint_open(nil, program)
        guard link >= 0 else { return Self.sentence(forTrampoline: Errno(rawValue: -link)) }
        close(link)
        return nil
    }

    static func sentence(forTrampoline errno: Errno) -> String {
        switch errno {
        case .notPermitted, .permissionDenied:
            "this system's policy does not let BPF programs attach to kernel functions, not even as root"
        case Errno(rawValue: 524):  // ENOTSUPP, which user space has no name for
            "this kernel's BPF trampolines cannot take the eight arguments of fib_validate_source (x86-64: Linux 6.6, "
                + "arm64: a kernel with DYNAMIC_FTRACE_WITH_DIRECT_CALLS)"
        case .noSuchFileOrDirectory, .noSuchProcess:
            "fib_validate_source cannot be traced in this kernel"
        default:
            "attaching to fib_validate_source fails (\(errno))"
        }
    }

    static func sentence(forKprobe errno: Errno) -> String {
        switch errno {
        case .notPermitted, .permissionDenied: "this system's policy does not allow kprobes, not even to root"
        case .noSuchFileOrDirectory, .addressNotAvailable: "this kernel has no function fib_validate_source to probe"
        default: "a kprobe on fib_validate_source fails (\(errno))"
        }
    }
}

extension TierTrial {
    /// What a tier cannot see on this kernel, one sentence each.
    func blindSpots(of tier: Tier) -> [String] {
        var spots: [String] = []
        if tier == .tracepoint {
            spots.append("ARP requests that rp_filter leaves unanswered are not dropped packets and cannot be seen.")
            spots.append("Input and forwarding are told apart by the destination address alone.")
            if !hasSourceReasons {
                spots.append(
                    "Packets refused for a local, broadcast, multicast or loopback source, and bridged ones refused after "
                        + "destination NAT, have no drop reason of their own before Linux 6.13 and count as other drops."
                )
            }
        } else if !hasSourceReasons {
            spots.append(
                "Packets with a multicast, zero or loopback source are refused before the source check, without a drop "
                    + "reason of their own before Linux 6.13, and count as other drops.")
        }
        if tier == .kprobe {
            spots.append(
                "A source check whose probe the kernel skips, since another probe is running on that CPU, goes unseen: "
                    + (hasReversePathReason
                        ? "its drop is known by the reason alone, and a neighbour left without an answer not at all."
                        : "its drop counts as another drop, and the kernel's own counter is ahead of the totals."))
        }
        if !hasReasonArgument {
            spots.append("This kernel gives no drop reasons (Linux 5.17 and later do): netfilter drops cannot be seen.")
        }
        return spots
    }
}
