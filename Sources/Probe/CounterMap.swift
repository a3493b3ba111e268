// SPDX-License-Identifier: Apache-2.0
import CBPF
import CEvent
import Drops
import Glibc
import SystemPackage

/// The exact counts that the programs keep per key and CPU.
struct CounterMap {
    /// Owned by the object that the maps belong to.
    private let counters: Int32
    private let overflow: Int32
    private let possibleCPUs: Int

    /// The kernel rounds each CPU's part up to eight octets.
    private static let stride = (MemoryLayout<rpfw_counter>.size + 7) & ~7

    init(counters: Int32, overflow: Int32) throws(ProbeError) {
        self.counters = counters
        self.overflow = overflow
        let cpus = libbpf_num_possible_cpus()
        guard cpus > 0 else {
            throw ProbeError(.failed, "Cannot tell how many CPUs there may be: \(Errno(rawValue: -cpus)).")
        }
        possibleCPUs = Int(cpus)
    }

    /// Every key's counts, summed over the CPUs.
    func read() throws(ProbeError) -> [DropKey: DropCounters] {
        var result: [DropKey: DropCounters] = [:]
        for raw in try keys() {
            if let key = decode(raw), let counts = try sum(counters, raw) { result[key] = counts }
        }
        for outcome in DropOutcome.allCases {
            if let counts = try sum(overflow, UInt32(outcome.rawValue)), counts.drops > 0 {
                result[.overflow(outcome)] = counts
            }
        }
        return result
    }

    /// Takes the keys of some namespaces out of the map, and returns what they had counted.
    func remove(namespaceCookies: Set<UInt64>) throws(ProbeError) -> [DropKey: DropCounters] {
        var result: [DropKey: DropCounters] = [:]
        for raw in try keys() where namespaceCookies.contains(raw.netns_cookie) {
            guard let key = decode(raw), let counts = try sum(counters, raw) else { continue }
            result[key] = counts
            _ = unsafe withUnsafeBytes(of: raw) { unsafe bpf_map_delete_elem(counters, $0.baseAddress) }
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
                unsafe bpf_map_get_next_key(counters, isFirst ? nil : $0, &next)
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
    private func sum<Key: BitwiseCopyable>(_ map: Int32, _ key: Key) throws(ProbeError) -> DropCounters? {
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
