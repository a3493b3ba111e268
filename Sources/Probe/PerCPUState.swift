// SPDX-License-Identifier: Apache-2.0
import CBPF
import CEvent
import Glibc
import SystemPackage

/// What the programs remember of each CPU (`struct rpfw_cpu`).
struct PerCPUState {
    /// Owned by the object that the map belongs to.
    private let map: Int32
    private let possibleCPUs: Int

    init(map: Int32) {
        self.map = map
        possibleCPUs = max(1, Int(libbpf_num_possible_cpus()))
    }

    /// What the programs have counted since `reset`, summed over the CPUs.
    struct Counts {
        /// Drops that the second drop program counted since the first was skipped for them.
        var secondChances: UInt64 = 0
        /// Drops that interrupted the drop programs and were counted by the first, as on kernels that skip none.
        var interruptions: UInt64 = 0
        /// Refusals of which nothing but the verdict is known, since the entry probe was skipped.
        var unmatchedRefusals: UInt64 = 0
    }

    /// Nil when it cannot be read.
    func counts() -> Counts? {
        var key: UInt32 = 0
        var states = [rpfw_cpu](repeating: rpfw_cpu(), count: possibleCPUs)
        let result = unsafe states.withUnsafeMutableBytes { unsafe bpf_map_lookup_elem(map, &key, $0.baseAddress) }
        guard result == 0 else { return nil }
        return states.reduce(into: Counts()) {
            $0.secondChances += $1.second_chances
            $0.interruptions += $1.interruptions
            $0.unmatchedRefusals += $1.unmatched_refusals
        }
    }

    /// Forgets everything, so that nothing is left of an earlier time attached.
    func reset() throws(ProbeError) {
        var key: UInt32 = 0
        let states = [rpfw_cpu](repeating: rpfw_cpu(), count: possibleCPUs)
        let result = unsafe states.withUnsafeBytes {
            unsafe bpf_map_update_elem(map, &key, $0.baseAddress, UInt64(BPF_ANY))
        }
        guard result == 0 else {
            throw ProbeError(.failed, "Cannot write the BPF programs' state: \(Errno(rawValue: -result)).")
        }
    }
}
