// SPDX-License-Identifier: Apache-2.0
import CLinux
import SystemPackage

/// What this process is allowed to do.
package struct Privileges: Hashable, Sendable {
    /// A capability that something here needs, in the order of what is lost first.
    package enum Capability: String, CaseIterable, Sendable {
        case bpf = "CAP_BPF"
        case perfmon = "CAP_PERFMON"
        case sysPtrace = "CAP_SYS_PTRACE"
        case sysAdmin = "CAP_SYS_ADMIN"
        case syslog = "CAP_SYSLOG"
        case netAdmin = "CAP_NET_ADMIN"

        fileprivate var number: Int32 {
            switch self {
            case .bpf: CAP_BPF
            case .perfmon: CAP_PERFMON
            case .sysPtrace: CAP_SYS_PTRACE
            case .sysAdmin: CAP_SYS_ADMIN
            case .syslog: CAP_SYSLOG
            case .netAdmin: CAP_NET_ADMIN
            }
        }

        /// What cannot be done without it, as a sentence.
        package var cost: String {
            switch self {
            case .bpf: "Drops cannot be traced: BPF programs are not loaded."
            case .perfmon: "Drops cannot be traced: BPF programs may not read kernel memory."
            case .sysPtrace: "Network namespaces of other users' processes are not found, so their drops have no cause."
            case .sysAdmin: "Other network namespaces cannot be entered, so their drops have no cause."
            case .syslog: "Kernel addresses are hidden, so a drop's location has no function name."
            case .netAdmin: "Packet filter rules cannot be read, so a netfilter drop is not traced to its rule."
            }
        }
    }

    package struct Missing: Hashable, Sendable {
        package var capability: Capability
        package var cost: String
    }

    /// The effective capabilities.
    package var effective: Set<Capability>

    package init(effective: Set<Capability>) {
        self.effective = effective
    }

    /// From the `CapEff` mask of /proc/PID/status.
    init(mask: UInt64) {
        effective = Set(Capability.allCases.filter { mask & 1 << UInt64($0.number) != 0 })
    }

    /// Those of the calling thread; none when /proc is not mounted.
    package static var current: Self {
        let lines = (Files.contents("/proc/thread-self/status", limit: 1 << 16) ?? []).split(
            separator: UInt8(ascii: "\n"))
        let prefix = Array("CapEff:\t".utf8)
        let digits = lines.first { $0.starts(with: prefix) }?.dropFirst(prefix.count) ?? []
        return Self(mask: UInt64(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0)
    }

    /// What is missing and what it costs. CAP_SYS_ADMIN stands in for CAP_BPF and CAP_PERFMON, which were split off
    /// from it in Linux 5.8 (`include/linux/capability.h`, bpf_capable); not for CAP_SYSLOG where kallsyms are shown.
    package var missing: [Missing] {
        let inherited: Set<Capability> = effective.contains(.sysAdmin) ? [.bpf, .perfmon] : []
        return Capability.allCases.filter { !effective.contains($0) && !inherited.contains($0) }
            .map { Missing(capability: $0, cost: $0.cost) }
    }
}
