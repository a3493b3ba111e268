// SPDX-License-Identifier: Apache-2.0
package import Packets

/// One thing that is changed in a network namespace through the kernel's own interfaces, and all it takes to undo it.
package enum HostChange: Hashable, Sendable {
    /// A value under `net.ipv4.conf`.
    case sysctl(SysctlChange)
    case addAddress(InterfaceAddress)
    case removeAddress(InterfaceAddress)
    case addRule(Rule)
    case addRoute(Route)
    /// A packet filter rule, which only its own tool can change.
    case filterRule(FilterCommands)

    /// The routing protocol (RTPROT) of routes and rules that rpfwatch adds. No routing daemon has it
    /// (`include/uapi/linux/rtnetlink.h`), so that only what is rpfwatch's own is ever deleted.
    package static let origin: UInt8 = 187
}

/// A value under `net.ipv4.conf` and the one that it replaces.
package struct SysctlChange: Hashable, Sendable {
    /// Index of the interface, which may be renamed meanwhile; nil for `all` and `default`.
    package var interface: UInt32?
    /// `all`, `default` or the interface's name.
    package var directory: InterfaceName
    /// The last part of the name, such as `rp_filter`.
    package var key: String
    /// As the kernel writes it.
    package var before: String
    package var after: String

    package init(interface: UInt32?, directory: InterfaceName, key: String, before: String, after: String) {
        self.interface = interface
        self.directory = directory
        self.key = key
        self.before = before
        self.after = after
    }
}

/// How far a change is made, as the host is now.
package enum ChangeState: Hashable, Sendable {
    case made
    case notMade
    /// Somebody else changed the same thing meanwhile; what it is now.
    case overwritten(String)
    /// The interface that it is about is gone, and with it what was changed.
    case gone
}

extension HostChange: CustomStringConvertible {
    /// What is changed, for a line of a log; fit for a terminal.
    package var description: String {
        switch self {
        case .sysctl(let change): "\(change.name) \(terminalSafe(change.before)) -> \(terminalSafe(change.after))"
        case .addAddress(let address): "add address \(address.notation) to interface \(address.interface)"
        case .removeAddress(let address): "remove address \(address.notation) from interface \(address.interface)"
        case .addRule(let rule): "add rule \(rule.notation)"
        case .addRoute(let route): "add route \(route.notation)"
        case .filterRule(let change): "change a packet filter rule: \(change.apply)"
        }
    }

    /// The same of taking it back.
    package var undoing: String {
        switch self {
        case .sysctl(let change): "\(change.name) \(terminalSafe(change.after)) -> \(terminalSafe(change.before))"
        case .addAddress(let address): "\(HostChange.removeAddress(address))"
        case .removeAddress(let address): "\(HostChange.addAddress(address))"
        case .addRule(let rule): "delete rule \(rule.notation)"
        case .addRoute(let route): "delete route \(route.notation)"
        case .filterRule(let change): "restore a packet filter rule: \(change.revert)"
        }
    }
}

extension SysctlChange {
    /// `net.ipv4.conf.eth1.rp_filter`, with slashes when the interface's name has dots; fit for a terminal.
    package var name: String { InterfaceSysctl.name(directory, key) }
}

extension FilterCommands.Step: CustomStringConvertible {
    package var description: String { command.map { terminalSafe(bytes: $0) }.joined(separator: " ") }
}

extension InterfaceAddress {
    fileprivate var notation: String {
        prefix.contains(local) ? "\(local)/\(prefix.length)" : "\(local) peer \(prefix)"
    }
}

extension Rule {
    fileprivate var notation: String {
        var words = ["\(priority):"]
        if let from { words.append("from \(from)") }
        if let to { words.append("to \(to)") }
        if let inputInterface { words.append("iif \(inputInterface.display)") }
        if case .lookup(let table) = action { words.append("lookup \(table)") }
        return words.joined(separator: " ")
    }
}

extension Route {
    fileprivate var notation: String {
        var words = [destination.length == 0 ? "default" : "\(destination)"]
        if let nexthop = nexthops.first {
            if let gateway = nexthop.gateway { words.append("via \(gateway)") }
            words.append("interface \(nexthop.interface)")
        }
        if metric != 0 { words.append("metric \(metric)") }
        return (words + ["table \(table)"]).joined(separator: " ")
    }
}
