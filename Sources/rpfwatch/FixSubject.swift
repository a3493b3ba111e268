// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Host
import Packets
import Probe
import Reports
import Routing

/// The finding that a fix is for, with what was worked out for it on this host as it is now.
struct FixSubject {
    var report: FindingReport

    /// Nil when the kernel accepts the packets by now, or the user stopped.
    static func find(_ command: FixCommand, stop: StopSignal) throws -> Self? {
        guard let file = command.from else {
            return try seen(
                command.finding ?? "", in: command.netns.map { try resolveNamespace($0).inode }, command, stop)
        }
        let request = try request(file, command)
        let namespace =
            if let netns = command.netns { try resolveNamespace(netns) } else { try openNamespace(request.namespace) }
        // What a packet filter does is not simulated: such a drop has to be seen again.
        if request.isNetfilter { return try seen(request.findingID, in: namespace.inode, command, stop) }
        return try supposed(request, in: namespace, command)
    }

    private static func request(_ file: String, _ command: FixCommand) throws -> RecordedRequest {
        var octets: [UInt8] = []
        try readInput(file, remedy: "give what `rpfwatch trace --json` or `rpfwatch explain --json` wrote") {
            octets += $0
        }
        let all = RecordedRequest.read(octets)
        let matching = all.filter { request in command.finding.map { request.findingID.hasPrefix($0) } ?? true }
        guard let request = matching.first else {
            throw CommandFailure(
                .usage,
                all.isEmpty
                    ? "There is no finding in \(terminalSafe(file))" : "That finding is not in \(terminalSafe(file))")
        }
        guard matching.count == 1 else {
            let ids = matching.prefix(8).map { "\(terminalSafe($0.findingID)) on \($0.interface.display)" }
            throw CommandFailure(
                .usage,
                "There are several findings in \(terminalSafe(file)), so name one: \(ids.joined(separator: ", "))")
        }
        if request.host != HostInformation.name && command.netns == nil {
            throw CommandFailure(
                .usage,
                "That finding is of the host \(terminalSafe(request.host)). Run this there, or say with --netns where"
                    + " it is meant here")
        }
        return request
    }

    /// Traces until the finding's packets are dropped.
    private static func seen(
        _ id: String, in namespace: UInt32?, _ command: FixCommand, _ stop: StopSignal
    ) throws -> Self? {
        command.messages.note(
            "waiting for a packet of finding \(terminalSafe(id)); Ctrl-C ends it, nothing is changed yet")
        var hunt = try FindingHunt(id, namespace: namespace, tier: command.tier.tier, stop: stop)
        guard let report = try hunt.run(within: command.wait.nanoseconds) else {
            if stop.isRequested { return nil }
            throw CommandFailure(
                .failed,
                "No packet of finding \(terminalSafe(id)) was dropped while waiting"
                    + (hunt.others.isEmpty
                        ? "; make one come, or wait longer with --wait"
                        : ", but of others: \(hunt.others.joined(separator: ", "))"))
        }
        return Self(report: report)
    }

    /// Asks the routing model about the recorded packets.
    private static func supposed(
        _ request: RecordedRequest, in namespace: consuming NetworkNamespace, _ command: FixCommand
    ) throws -> Self? {
        let inode = namespace.inode
        var watch = try NamespaceWatch(only: namespace)
        let model = RoutingModel(try watch.facts(of: inode))
        guard let link = model.facts.link(named: request.interface) else {
            throw CommandFailure(.usage, "There is no interface \(request.interface.display) there any more")
        }
        var table = FindingTable(maximumFindings: 64)
        for packet in request.packets {
            let supposition = Supposition(packet, entering: link, isARP: request.isARP, model: model)
            guard let refusal = supposition.refusal else { continue }
            _ = table.record(
                refusal.drop, attribution: refusal.attribution, namespace: model.facts.namespace,
                rulesSelectOnFlow: model.rulesSelectOnFlow)
        }
        guard let finding = table.finding(request.findingID) ?? table.findings.first else {
            command.messages.note(
                "As this host is now, the kernel would accept these packets: there is nothing to fix.")
            return nil
        }
        let clock = ClockOffset(nanoseconds: MonotonicClock.wallClockOffset)
        return Self(report: FindingReport(finding, advice: advise(on: finding, model: model), clock: clock))
    }
}

/// Opens the namespace of a finding, and no other that has its name or number by now.
func openNamespace(_ identity: NamespaceIdentity) throws -> NetworkNamespace {
    let namespace =
        if let name = identity.name {
            try resolveNamespace("/run/netns/" + name)
        } else if identity.isOwn {
            try NetworkNamespace.own()
        } else if let process = identity.processID {
            try NetworkNamespace(processID: process)
        } else {
            try resolveNamespace("inode:\(identity.inode)")
        }
    // A name stands for itself, also after a restart; numbers of processes and inodes are given out again.
    if identity.name == nil && identity.inode != namespace.inode && !identity.isInitial {
        throw CommandFailure(
            .usage, "The network namespace of that finding is gone; say with --netns which one is meant")
    }
    return namespace
}
