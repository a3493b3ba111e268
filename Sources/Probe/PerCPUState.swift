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

    /// Drops that the second drop program counted since the first was skipped for them; nil when it cannot be read.
    func secondChances() -> UInt64? {
        var key: UInt32 = 0
        var states = [rpfw_cpu](repeating: rpfw_cpu(), count: possibleCPUs)
        let result = unsafe states.withUnsafeMutableBytes { unsafe bpf_map_lookup_elem(map, &key, $0.baseAddress) }
        return result == 0 ? states.reduce(0) { $0 + $1.second_chances } : nil
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
