// SPDX-License-Identifier: Apache-2.0
import CBPF
import CEvent
import Drops
import Glibc
import SystemPackage

/// The exact counts that the programs keep per key and CPU.
struct CounterMap {
    /// Owned by the object that the map belongs to.
    private let map: Int32
    private let possibleCPUs: Int

    /// The kernel rounds each CPU's part up to eight octets.
    private static let stride = (MemoryLayout<rpfw_counter>.size + 7) & ~7

    /// Puts the entries for drops that will find the map full into it.
    init(map: Int32) throws(ProbeError) {
        self.map = map
        let cpus = libbpf_num_possible_cpus()
        guard cpus > 0 else {
            throw ProbeError(.failed, "Cannot tell how many CPUs there may be: \(Errno(rawValue: -cpus)).")
        }
        possibleCPUs = Int(cpus)
        let zero = [UInt8](repeating: 0, count: Self.stride * possibleCPUs)
        for outcome in DropOutcome.allCases {
            var key = rpfw_key()
            key.ifindex = RPFW_OVERFLOW
            key.outcome = outcome.rawValue
            let result = unsafe zero.withUnsafeBytes {
                unsafe bpf_map_update_elem(map, &key, $0.baseAddress, UInt64(BPF_ANY))
            }
            guard result == 0 else {
                throw ProbeError(.failed, "Cannot write the drop counters: \(Errno(rawValue: -result)).")
            }
        }
    }

    /// Every key's counts, summed over the CPUs.
    func read() throws(ProbeError) -> [DropKey: DropCounters] {
        var result: [DropKey: DropCounters] = [:]
        for raw in try keys() {
            guard let key = decode(raw), let counts = try sum(raw) else { continue }
            if raw.ifindex != RPFW_OVERFLOW || counts.drops > 0 { result[key] = counts }
        }
        return result
    }

    /// Takes the keys of some namespaces out of the map, and returns what they had counted.
    func remove(namespaceCookies: Set<UInt64>) throws(ProbeError) -> [DropKey: DropCounters] {
        var result: [DropKey: DropCounters] = [:]
        for raw in try keys() where namespaceCookies.contains(raw.netns_cookie) {
            guard let key = decode(raw), let counts = try sum(raw) else { continue }
            result[key] = counts
            _ = unsafe withUnsafeBytes(of: raw) { unsafe bpf_map_delete_elem(map, $0.baseAddress) }
        }
        return result
    }

    private func keys() throws(ProbeError) -> [rpfw_key] {
        var keys: [rpfw_key] = []
        var key = rpfw_key()
        var next = rpfw_key()
        while true {
            let isFirst = keys.isEmpty
            let result = unsafe withUnsafePointer(to: &key) {
                unsafe bpf_map_get_next_key(map, isFirst ? nil : $0, &next)
            }
            if result == -ENOENT { return keys }
            guard result == 0 else {
                throw ProbeError(.failed, "Cannot read the drop counters: \(Errno(rawValue: -result)).")
            }
            keys.append(next)
            key = next
        }
    }

    /// Nil for a key that has gone meanwhile.
    private func sum(_ key: rpfw_key) throws(ProbeError) -> DropCounters? {
        var values = [UInt8](repeating: 0, count: Self.stride * possibleCPUs)
        let result = unsafe withUnsafeBytes(of: key) { key in
            unsafe values.withUnsafeMutableBytes { unsafe bpf_map_lookup_elem(map, key.baseAddress, $0.baseAddress) }
        }
        if result == -ENOENT { return nil }
        guard result == 0 else {
            throw ProbeError(.failed, "Cannot read the drop counters: \(Errno(rawValue: -result)).")
        }
        var total = DropCounters()
        for cpu in 0..<possibleCPUs {
            let start = cpu * Self.stride
            let bytes = unsafe values.span.bytes.extracting(start..<start + MemoryLayout<rpfw_counter>.size)
            if let part = DropCounters(record: bytes) { total += part }
        }
        return total
    }

    private func decode(_ raw: rpfw_key) -> DropKey? {
        unsafe withUnsafeBytes(of: raw) { unsafe DropKey(record: $0.bytes) }
    }
}
