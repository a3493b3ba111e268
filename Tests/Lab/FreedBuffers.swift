// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc

/// Which packet buffers (skbs) the kernel frees on one CPU, by its own trace events: shows that two packets had one address.
///
/// In a trace instance of its own, which nothing else on the machine sees.
package final class FreedBuffers {
    private let folder: String
    private static let instances = "/sys/kernel/tracing/instances"

    package init(onCPU cpu: Int) throws {
        Self.removeLeftovers()
        folder = "\(Self.instances)/lab-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        guard unsafe mkdir(folder, 0o700) == 0 else { throw LabError("mkdir", folder, errno: errno) }
        do {
            try write(String(1 << cpu, radix: 16), into: "\(folder)/tracing_cpumask")
            try write("4096", into: "\(folder)/buffer_size_kb")
            for event in ["kfree_skb", "consume_skb"] { try write("1", into: "\(folder)/events/skb/\(event)/enable") }
        } catch {
            unsafe rmdir(folder)
            throw error
        }
    }

    deinit { unsafe rmdir(folder) }

    /// How many IPv4 packets were dropped in a buffer that had just been freed as one whose packet was dealt with, as that of
    /// an ARP packet is, whatever the answer.
    package func dropsWhereAnotherWasConsumed() throws -> Int {
        try write("0", into: "\(folder)/tracing_on")
        var count = 0
        var consumed: Substring?
        for line in (contents(of: "\(folder)/trace") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let address = words.first(where: { $0.hasPrefix("skbaddr=") }) else { continue }
            if words.contains("protocol=2048") && address == consumed { count += 1 }
            consumed = words.contains("consume_skb:") ? address : nil
        }
        return count
    }

    /// Instances of runs that were killed.
    private static func removeLeftovers() {
        for name in names(in: instances) where name.hasPrefix("lab-") {
            let process = name.split(separator: "-").dropFirst().first.flatMap { Int32($0) }
            if let process, kill(process, 0) != 0 { unsafe rmdir("\(instances)/\(name)") }
        }
    }
}

extension Requirement {
    /// The kernel's trace events of freed packets.
    package static let freedBuffers = Self(name: "trace events of freed packets") {
        let path = "/sys/kernel/tracing/events/skb/kfree_skb"
        return unsafe access(path, F_OK) == 0 ? .present : .absent("there is no \(path)")
    }
}
