// SPDX-License-Identifier: Apache-2.0
import CBPF
import Glibc
import SystemPackage

/// Whether the kernel lets a program be asked about every sysctl that is written: what it takes to know who wrote.
///
/// Nothing depends on it: a trace without it is the same but for the writers.
enum WriteHook {
    /// Why it cannot be had here, from what is cheap to try, as a clause; nil when it is worth loading.
    static func refusal(in hierarchy: CgroupHierarchy?) -> String? {
        guard let hierarchy else {
            return "no cgroup v2 hierarchy is mounted (`mount -t cgroup2 none /sys/fs/cgroup/unified` mounts it)"
        }
        let folder: FileDescriptor
        do {
            folder = try FileDescriptor.open(hierarchy.path, .readOnly, options: [.closeOnExec, .directory])
        } catch {
            return "\(hierarchy.path) cannot be opened"
        }
        defer { try? folder.close() }
        var options = unsafe bpf_prog_load_opts()
        unsafe options.sz = MemoryLayout<bpf_prog_load_opts>.size
        unsafe options.expected_attach_type = BPF_CGROUP_SYSCTL
        var agree = [bpf_insn(), bpf_insn()]
        agree[0].code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)
        agree[0].imm = 1
        agree[1].code = UInt8(BPF_JMP | BPF_EXIT)
        let program = unsafe bpf_prog_load(
            BPF_PROG_TYPE_CGROUP_SYSCTL, "rpfw_trial", "Dual BSD/GPL", agree, agree.count, &options)
        guard program >= 0 else { return sentence(for: Errno(rawValue: -program)) }
        defer { close(program) }
        let link = bpf_link_create(program, folder.rawValue, BPF_CGROUP_SYSCTL, nil)
        guard link >= 0 else { return sentence(for: Errno(rawValue: -link)) }
        close(link)
        return nil
    }

    static func sentence(for errno: Errno) -> String {
        switch errno {
        case .notPermitted, .permissionDenied:
            "this process may not attach a program to the cgroup hierarchy (that takes CAP_NET_ADMIN outside of a container,"
                + " and that no other program claims the hook for itself)"
        case .invalidArgument:
            "this kernel has no hook on sysctl writes that can be shared (Linux 5.7 with CONFIG_CGROUP_BPF)"
        default: "the hook on sysctl writes fails (\(errno))"
        }
    }

    /// What cannot be seen although the hook works, as a sentence; nil when nothing.
    static func blindSpot(in hierarchy: CgroupHierarchy?) -> String? {
        guard let hierarchy, !hierarchy.isRoot else { return nil }
        return "Of writes to sysctls only those by processes of this container's cgroup are traced to the process."
    }
}
