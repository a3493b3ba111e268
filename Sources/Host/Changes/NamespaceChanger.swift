// SPDX-License-Identifier: Apache-2.0
import CLinux
package import Facts
import Glibc
import Packets
import SystemPackage

/// Makes and undoes changes in one network namespace, through /proc/sys, netlink and the tools that own packet filters;
/// never through a shell.
package struct NamespaceChanger: ~Copyable {
    private let namespace: NetworkNamespace
    private var socket: NetlinkSocket
    /// How long a packet filter's tool may take, in nanoseconds.
    private static let patience: UInt64 = 10_000_000_000

    package init(_ namespace: consuming NetworkNamespace) throws(HostError) {
        socket = try namespace.run { () throws(HostError) in try NetlinkSocket() }
        self.namespace = namespace
    }

    /// The change with what it really replaces: a value may be another one than when the fix was worked out.
    package borrowing func prepared(_ change: HostChange) throws(HostError) -> HostChange {
        guard case .sysctl(var sysctl) = change else { return change }
        guard let value = try currentValue(sysctl) else {
            throw HostError(.gone, cannot: "read", sysctl.name, reason: "the interface is gone")
        }
        sysctl.before = value
        return .sysctl(sysctl)
    }

    /// Makes the change. What is there already is not replaced: somebody else made it, so it is an error.
    package mutating func make(_ change: HostChange) throws(HostError) {
        switch change {
        case .sysctl(let sysctl): try write(sysctl, sysctl.after)
        case .addAddress(let address): try order(.add(address), "add the address", "\(address.local)")
        case .removeAddress(let address): try order(.delete(address), "remove the address", "\(address.local)")
        case .addRule(let rule): try order(.add(rule), "add the rule", "\(rule.priority)")
        case .addRoute(let route): try order(.add(route), "add the route to", "\(route.destination)")
        case .filterRule(let rule):
            guard try holds(rule.apply.probe) ?? true else {
                throw HostError(.failed, cannot: "change", "the packet filter rule", reason: "it is another one by now")
            }
            _ = try output(of: rule.apply.command)
        }
    }

    /// Undoes the change where it is still rpfwatch's own, and says what it found. What somebody else has changed since is
    /// left alone.
    package mutating func undo(_ change: HostChange) throws(HostError) -> ChangeState {
        let state = try state(of: change)
        guard state == .made else { return state }
        switch change {
        case .sysctl(let sysctl): try write(sysctl, sysctl.before)
        case .addAddress(let address): try order(.delete(address), "remove the address", "\(address.local)")
        case .removeAddress(let address): try order(.add(address), "add the address", "\(address.local)")
        case .addRule(let rule): try order(.delete(rule), "delete the rule", "\(rule.priority)")
        case .addRoute(let route): try order(.delete(route), "delete the route to", "\(route.destination)")
        case .filterRule(let rule): _ = try output(of: rule.revert.command)
        }
        return .made
    }

    /// The states of those changes that are values under `net.ipv4.conf`, all read by one thread.
    package borrowing func states(of changes: [SysctlChange]) throws(HostError) -> [ChangeState] {
        try namespace.run { () throws(HostError) in changes.map { $0.state(showing: LiveSysctl($0).value) } }
    }

    /// Whether the change is made, as the namespace is now.
    package mutating func state(of change: HostChange) throws(HostError) -> ChangeState {
        switch change {
        case .sysctl(let sysctl): return sysctl.state(showing: try currentValue(sysctl))
        case .addAddress(let address): return try has(address) ? .made : .notMade
        case .removeAddress(let address): return try has(address) ? .notMade : .made
        case .addRule(let rule): return try has(rule) ? .made : .notMade
        case .addRoute(let route): return try has(route) ? .made : .notMade
        case .filterRule(let rule):
            if try holds(rule.apply.probe) ?? false { return .notMade }
            return try holds(rule.revert.probe) ?? true ? .made : .overwritten("another rule")
        }
    }

    // MARK: /proc/sys

    private borrowing func currentValue(_ sysctl: SysctlChange) throws(HostError) -> String? {
        try namespace.run { () throws(HostError) in LiveSysctl(sysctl).value }
    }

    private borrowing func write(_ sysctl: SysctlChange, _ value: String) throws(HostError) {
        try namespace.run { () throws(HostError) in try LiveSysctl(sysctl).write(value) }
    }

    // MARK: netlink

    private mutating func order(
        _ request: NetlinkRequest?, _ action: String, _ subject: String
    ) throws(HostError) {
        guard let request else {
            throw HostError(.unsupported, cannot: action, subject, reason: "it is not of a kind that rpfwatch makes")
        }
        do throws(HostError) {
            try socket.ask(request, subject) { _ in }
        } catch {
            guard let errno = error.errno else { throw error }
            throw HostError(errno: errno, cannot: action, subject)
        }
    }

    private mutating func has(_ address: InterfaceAddress) throws(HostError) -> Bool {
        var found = false
        var body = ifaddrmsg()
        body.ifa_family = UInt8(AF_INET)
        try socket.dump(.dump(RTM_GETADDR, body: body), "the addresses", restart: { found = false }) { kind, payload in
            guard kind == RTM_NEWADDR, let other = InterfaceAddress(payload) else { return }
            found =
                found
                || other.interface == address.interface && other.local == address.local
                    && other.prefix == address.prefix
        }
        return found
    }

    /// A rule with the same selectors that rpfwatch added.
    private mutating func has(_ rule: Rule) throws(HostError) -> Bool {
        var found = false
        var body = fib_rule_hdr()
        body.family = UInt8(AF_INET)
        try socket.dump(.dump(RTM_GETRULE, body: body), "the rules", restart: { found = false }) { kind, payload in
            guard kind == RTM_NEWRULE, Rule(payload) == rule else { return }
            var origin: UInt8?
            payload.forEachAttribute(from: netlinkAligned(MemoryLayout<fib_rule_hdr>.size)) { kind, value in
                if kind == FRA_PROTOCOL { origin = value.load(UInt8.self) }
            }
            found = found || origin == HostChange.origin
        }
        return found
    }

    /// A route to the same destination, in the same table and with the same next hop, that rpfwatch added.
    private mutating func has(_ route: Route) throws(HostError) -> Bool {
        var found = false
        var body = rtmsg()
        body.rtm_family = UInt8(AF_INET)
        // The kernel leaves out the routes of others: there may be a million of them.
        body.rtm_protocol = HostChange.origin
        try socket.checkStrictly(true)
        defer { try? socket.checkStrictly(false) }
        try socket.dump(.dump(RTM_GETROUTE, body: body), "the routes", restart: { found = false }) { kind, payload in
            guard kind == RTM_NEWROUTE, let other = RouteMessage(payload)?.route else { return }
            found =
                found
                || other.origin == HostChange.origin && other.table == route.table
                    && other.destination == route.destination && other.metric == route.metric
                    && other.nexthops.first?.interface == route.nexthops.first?.interface
        }
        return found
    }

    // MARK: Packet filters

    /// Whether a rule still is the one that is meant; nil when there is nothing to look at.
    private borrowing func holds(_ probe: FilterCommands.Probe?) throws(HostError) -> Bool? {
        guard let probe else { return nil }
        do throws(HostError) {
            return probe.holds(for: try output(of: probe.command))
        } catch  where error.kind == .failed {
            // The tool says so when there is no such rule or chain any more.
            return false
        }
    }

    private borrowing func output(of words: FilterCommands.Words) throws(HostError) -> [UInt8] {
        guard let program = words.first else { return [] }
        let name = String(decoding: program, as: UTF8.self)
        let arguments = Array(words.dropFirst())
        let output = try namespace.run { () throws(HostError) in
            try Command.run(name, octets: arguments, timeout: Self.patience)
        }
        guard output.status == 0 else {
            let line = output.standardError.split(separator: UInt8(ascii: "\n")).first ?? []
            throw HostError(.failed, cannot: "run", name, reason: terminalSafe(bytes: line))
        }
        return output.standardOutput
    }
}

extension SysctlChange {
    /// How far it is made when the kernel shows this value; nil stands for none.
    fileprivate func state(showing value: String?) -> ChangeState {
        guard let value else { return .gone }
        return value == after ? .made : value == before ? .notMade : .overwritten(value)
    }
}
