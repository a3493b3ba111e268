// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Host
import Packets
import Probe
import Reports

/// Counts the packets of a finding's addresses that arrive on its interface, and those of them that are dropped.
struct PassageMeter: ~Copyable {
    private let traffic: Traffic
    private let interface: UInt32
    private var probe: Probe
    private var tap: PacketTap
    private let seesDrops: Bool
    private var arrived: UInt64 = 0
    private var dropped: UInt64 = 0
    private var time: UInt64 = 0
    /// Who wrote a value last, but for this program, by its name.
    private var writers: [String: String] = [:]

    init(_ report: FindingReport, in namespace: borrowing NetworkNamespace, tier: Tier?) throws {
        let traffic = Self.traffic(of: report)
        let probe = try Probe(
            ProbeOptions(
                tier: tier, namespaceInode: namespace.inode,
                source: traffic.source.length == 0 ? nil : traffic.source,
                destination: traffic.destination.length == 0 ? nil : traffic.destination))
        tap = try PacketTap(in: namespace, interface: report.interfaceIndex, traffic: traffic)
        self.traffic = traffic
        interface = report.interfaceIndex
        seesDrops = traffic.kind != .arp || probe.tier != .tracepoint
        self.probe = probe
    }

    private static func traffic(of report: FindingReport) -> Traffic {
        if report.example?.source.isIPv6 ?? false { return Traffic(kind: .ipv6) }
        let sources = report.sources.compactMap { if case .v4(let prefix) = $0.prefix { prefix } else { nil } }
        let destinations = report.destinations.compactMap { destination in
            if case .v4(let address) = destination.address { IPv4Prefix(address, length: 32) } else { nil }
        }
        return Traffic(
            kind: report.path == .arp ? .arp : .ipv4, source: IPv4Prefix.covering(sources),
            // After destination NAT the check sees another destination than the one that arrives.
            destination: report.factors.contains(.dnat) ? .any : IPv4Prefix.covering(destinations))
    }

    mutating func begin() throws {
        try probe.attach()
        _ = try passage()
    }

    /// What passed since the last call.
    mutating func passage() throws -> TrialReport.Passage {
        try drain()
        let now = MonotonicClock.now
        let drops = try probe.counters().filter { $0.key.interfaceIndex == interface && $0.key.outcome != .other }
            .reduce(0) { $0 + $1.value.shown }
        let arrivals = tap.count()
        defer {
            arrived = arrivals
            dropped = drops
            time = now
        }
        return TrialReport.Passage(
            arrived: arrivals - arrived, dropped: seesDrops ? drops - dropped : nil, nanoseconds: now - time)
    }

    /// Empties the rings: the counts do not need the records, and of writes only the last of each value is kept.
    mutating func drain() throws {
        // Once: what a flood leaves is there the next time.
        _ = try probe.consume { _ in }
        try probe.consumeWrites { write in
            guard write.process.id != RunningProcess.own else { return }
            writers["\(write.scope.hex) \(write.key)"] =
                "\(terminalSafe(write.process.command)) (process \(write.process.id))"
        }
    }

    /// The process that was seen to write a value, other than this one; nil when none was, or this kernel does not tell.
    func writer(of change: SysctlChange) -> String? { writers["\(change.directory.hex) \(change.key)"] }

    /// What is counted, in words.
    var description: String {
        let what =
            switch traffic.kind {
            case .arp: "ARP requests"
            case .ipv4: "packets"
            case .ipv6: "IPv6 packets"
            }
        let place = traffic.destination.length == 0 ? "" : " to \(traffic.destination)"
        return "\(what) from \(traffic.source.length == 0 ? "anywhere" : "\(traffic.source)")\(place)"
    }
}
