// SPDX-License-Identifier: Apache-2.0
import CBPF
import Glibc
import SystemPackage

/// What this process may do, as far as tracing needs it.
struct Capabilities {
    private let effective: UInt64

    // linux/capability.h; its macros are importable, but the header collides with the C library's module.
    private static let systemAdministration = 21
    private static let performanceMonitoring = 38
    private static let bpf = 39

    /// Of the calling thread; none when /proc cannot be read.
    init() {
        let status = (try? readWhole("/proc/thread-self/status", expecting: 1 << 14)) ?? []
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        self.init(effective: line.flatMap { $0.split(separator: "\t").last }.flatMap { UInt64($0, radix: 16) } ?? 0)
    }

    init(effective: UInt64) { self.effective = effective }

    /// The capabilities that loading and attaching needs and this process lacks, by name. CAP_SYS_ADMIN stands for both.
    var missing: [String] {
        func has(_ capability: Int) -> Bool { effective >> UInt64(capability) & 1 == 1 }
        guard !has(Self.systemAdministration) else { return [] }
        return (has(Self.bpf) ? [] : ["CAP_BPF"]) + (has(Self.performanceMonitoring) ? [] : ["CAP_PERFMON"])
    }

    /// Throws when the kernel would refuse everything, before the reasons for single tiers are looked for.
    static func require() throws(ProbeError) {
        let missing = Capabilities().missing
        guard missing.isEmpty else {
            throw ProbeError(
                .notPermitted,
                "Tracing needs \(missing.joined(separator: " and ")), which this process does not have: run rpfwatch as root "
                    + "(sudo rpfwatch …), or give the binary the capabilities CAP_BPF and CAP_PERFMON.")
        }
        // A user namespace shows all capabilities and has none of those that the kernel wants here.
        let map = bpf_map_create(BPF_MAP_TYPE_ARRAY, nil, 4, 4, 1, nil)
        guard map >= 0 else {
            guard map == -EPERM else { return }
            throw ProbeError(
                .notPermitted,
                "The kernel refuses BPF to this process although it has CAP_BPF: run rpfwatch on the host itself, outside "
                    + "of a container's user namespace, seccomp profile or security policy.")
        }
        close(map)
    }
}
