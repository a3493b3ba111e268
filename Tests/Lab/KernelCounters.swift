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
