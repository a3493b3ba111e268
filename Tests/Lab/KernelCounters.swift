// SPDX-License-Identifier: Apache-2.0

/// What a namespace's kernel counted since it was made.
package struct KernelCounters: Sendable {
    /// TcpExt IPReversePathFilter: skbs that rp_filter dropped in the IP receive path.
    package var reversePathFilter: Int
    /// Ip InDelivers: datagrams handed to a local protocol.
    package var delivered: Int
    /// Ip ForwDatagrams: datagrams sent on.
    package var forwarded: Int

    package var accepted: Int { delivered + forwarded }

    package init(of namespace: Namespace) throws {
        let text = try namespace.enter {
            (contents(of: "/proc/thread-self/net/netstat") ?? "") + (contents(of: "/proc/thread-self/net/snmp") ?? "")
        }
        // Pairs of lines: "Group: name name…", "Group: value value…".
        let lines = text.split(separator: "\n")
        var values: [String: Int] = [:]
        for (names, numbers) in zip(lines, lines.dropFirst()) {
            let names = names.split(separator: " ")
            let numbers = numbers.split(separator: " ")
            guard let group = names.first, group == numbers.first, names.count == numbers.count else { continue }
            for (name, number) in zip(names, numbers).dropFirst() {
                if let value = Int(number) { values["\(group)\(name)"] = value }
            }
        }
        guard let reversePathFilter = values["TcpExt:IPReversePathFilter"], let delivered = values["Ip:InDelivers"],
            let forwarded = values["Ip:ForwDatagrams"]
        else { throw LabError("/proc/net/netstat and snmp have no IPReversePathFilter, InDelivers or ForwDatagrams") }
        self.reversePathFilter = reversePathFilter
        self.delivered = delivered
        self.forwarded = forwarded
    }

    private init(reversePathFilter: Int, delivered: Int, forwarded: Int) {
        self.reversePathFilter = reversePathFilter
        self.delivered = delivered
        self.forwarded = forwarded
    }

    /// The growth from one reading to another.
    package static func - (after: Self, before: Self) -> Self {
        Self(
            reversePathFilter: after.reversePathFilter - before.reversePathFilter,
            delivered: after.delivered - before.delivered, forwarded: after.forwarded - before.forwarded)
    }
}

/// Waits until the kernel has received the packets that were on the way: with the CPUs busy, what a veth pair carries
/// waits for ksoftirqd.
package func drainBacklogs() {
    func read() -> [(received: UInt32, waiting: UInt32)] {
        // A line a CPU, in hexadecimal: packets received first, those that wait twelfth (from v5.10, 7d58e6555870).
        (contents(of: "/proc/net/softnet_stat") ?? "").split(separator: "\n").map { line in
            let columns = line.split(separator: " ").map { UInt32($0, radix: 16) ?? 0 }
            return (columns.first ?? 0, columns.count > 11 ? columns[11] : 0)
        }
    }
    let begin = read()
    _ = eventually {
        zip(begin, read()).allSatisfy { begin, now in
            now.waiting == 0 || now.received &- begin.received >= begin.waiting
        }
    }
}
