// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// What was last known of a namespace's links, addresses and announced sysctls: the kernel announces the new state
/// only, and announces some states again that did not change.
struct KnownState {
    private var links: [UInt32: Link] = [:]
    private var addresses: Set<InterfaceAddress> = []
    private var configuration: [Int32: [String: Int32]] = [:]
    /// Nothing is known of the time before: whatever is announced is news.
    private let isEmpty: Bool

    init() {
        isEmpty = true
    }

    init(links: [Link], addresses: [InterfaceAddress], configuration: [ConfigurationMessage]) {
        isEmpty = false
        self.links = Dictionary(links.map { ($0.index, $0) }, uniquingKeysWith: { $1 })
        self.addresses = Set(addresses)
        self.configuration = Dictionary(configuration.map { ($0.index, $0.values) }, uniquingKeysWith: { $1 })
    }

    /// The state of the namespace that the calling thread is in.
    static func read() throws(HostError) -> Self {
        var reader = try FactsReader()
        return Self(
            links: try reader.links().map(\.link), addresses: try reader.addresses(),
            configuration: try reader.announcedConfiguration())
    }

    /// What an announcement changes; nil for one that says nothing new. Namespace and time are the caller's to set.
    mutating func change(_ header: nlmsghdr, _ payload: RawSpan) -> FactsChange? {
        switch Int(header.nlmsg_type) {
        case RTM_NEWLINK, RTM_DELLINK:
            return LinkMessage(payload).flatMap { change($0.link, isGone: Int(header.nlmsg_type) == RTM_DELLINK) }
        case RTM_NEWADDR: return InterfaceAddress(payload).flatMap { change($0, isGone: false) }
        case RTM_DELADDR: return InterfaceAddress(payload).flatMap { change($0, isGone: true) }
        case RTM_NEWNETCONF: return ConfigurationMessage(payload).flatMap { change($0) }
        case RTM_DELNETCONF:
            if let message = ConfigurationMessage(payload) { configuration[message.index] = nil }
            return nil
        case RTM_NEWROUTE: return RouteMessage(payload).flatMap { change($0.route, isGone: false) }
        case RTM_DELROUTE: return RouteMessage(payload).flatMap { change($0.route, isGone: true) }
        case RTM_NEWRULE: return Rule(payload).map { change($0, isGone: false) }
        case RTM_DELRULE: return Rule(payload).map { change($0, isGone: true) }
        case RTM_NEWNEXTHOP: return NexthopMessage(payload).map { change($0, isGone: false) }
        case RTM_DELNEXTHOP: return NexthopMessage(payload).map { change($0, isGone: true) }
        default: return nil
        }
    }

    private mutating func change(_ link: Link, isGone: Bool) -> FactsChange? {
        let known = links[link.index]
        links[link.index] = isGone ? nil : link
        if known == link && !isGone { return nil }
        return FactsChange(
            namespace: 0, kind: .link, object: (known ?? link).name.text,
            before: known.map(describe) ?? (isGone ? describe(link) : nil), after: isGone ? nil : describe(link))
    }

    private mutating func change(_ address: InterfaceAddress, isGone: Bool) -> FactsChange? {
        let isNews = isGone ? addresses.remove(address) != nil || isEmpty : addresses.insert(address).inserted
        guard isNews else { return nil }
        let text = describe(address)
        return FactsChange(
            namespace: 0, kind: .address, object: name(address.interface), before: isGone ? text : nil,
            after: isGone ? nil : text)
    }

    /// At most one value is announced to have changed; the announcement of a new interface is no change.
    private mutating func change(_ message: ConfigurationMessage) -> FactsChange? {
        let known = configuration[message.index] ?? [:]
        configuration[message.index] = known.merging(message.values) { $1 }
        guard
            let (key, value) = message.values.first(where: { key, value in known[key].map { $0 != value } ?? isEmpty })
        else { return nil }
        guard let setting = InterfaceSysctl(rawValue: key).map({ Setting(scopeName(message.index), $0) }) else {
            return nil
        }
        return FactsChange(namespace: 0, SettingChange(setting, before: known[key], after: value, time: 0))
    }

    private func change(_ route: Route, isGone: Bool) -> FactsChange? {
        // The kernel's own local and broadcast routes come and go with their address, which is announced itself.
        if route.table == Route.Table.local && route.origin == UInt8(RTPROT_KERNEL) { return nil }
        let text = describe(route)
        let tos = route.tos == 0 ? "" : " tos 0x\(hexByte(route.tos))"
        return FactsChange(
            namespace: 0, kind: .route, object: "\(route.destination)\(tos) table \(tableName(route.table))",
            before: isGone ? text : nil, after: isGone ? nil : text)
    }

    private func change(_ rule: Rule, isGone: Bool) -> FactsChange {
        let text = describe(rule)
        return FactsChange(
            namespace: 0, kind: .rule, object: "rule \(rule.priority)", before: isGone ? text : nil,
            after: isGone ? nil : text)
    }

    private func change(_ nexthop: NexthopMessage, isGone: Bool) -> FactsChange {
        let group = nexthop.group.map { "\($0.id),\($0.weight)" }.joined(separator: "/")
        let text = nexthop.isBlackhole ? "blackhole" : group.isEmpty ? describe(nexthop.nexthop) : "group \(group)"
        return FactsChange(
            namespace: 0, kind: .route, object: "nexthop \(nexthop.id)", before: isGone ? text : nil,
            after: isGone ? nil : text)
    }
}

extension KnownState {
    private func name(_ index: UInt32) -> String { links[index]?.name.text ?? "if\(index)" }

    private func scopeName(_ index: Int32) -> InterfaceName {
        switch index {
        case Int32(NETCONFA_IFINDEX_ALL): "all"
        case Int32(NETCONFA_IFINDEX_DEFAULT): "default"
        default: links[UInt32(bitPattern: index)]?.name ?? InterfaceName("if\(index)")
        }
    }

    private func tableName(_ table: UInt32) -> String {
        switch table {
        case Route.Table.main: "main"
        case Route.Table.local: "local"
        case Route.Table.default: "default"
        default: "\(table)"
        }
    }

    private func describe(_ link: Link) -> String {
        var words = [link.isUp ? "up" : "down"]
        if link.isUp && !link.hasCarrier { words.append("no-carrier") }
        words.append("name \(link.name.text)")
        if let master = link.master { words.append("master \(name(master))") }
        if let table = link.vrfTable { words.append("vrf table \(table)") }
        if let address = link.macAddress { words.append("address \(address)") }
        return words.joined(separator: " ")
    }

    private func describe(_ address: InterfaceAddress) -> String {
        if address.prefix.contains(address.local) { return "\(address.local)/\(address.prefix.length)" }
        return "\(address.local) peer \(address.prefix)"
    }

    private func describe(_ nexthop: Nexthop) -> String {
        let gateway = nexthop.gateway.map { "via \($0) " } ?? ""
        let state = nexthop.isDead ? " dead" : nexthop.isLinkDown ? " linkdown" : ""
        return "\(gateway)dev \(name(nexthop.interface))\(state)"
    }

    private func describe(_ route: Route) -> String {
        var words: [String] = route.kind == .unicast ? [] : ["\(route.kind)"]
        words += route.nexthops.map { route.nexthops.count > 1 ? "nexthop \(describe($0))" : describe($0) }
        if route.metric != 0 { words.append("metric \(route.metric)") }
        return words.joined(separator: " ")
    }

    private func describe(_ rule: Rule) -> String {
        var words = rule.isInverted ? ["not"] : []
        words.append("from \(rule.from.map { "\($0)" } ?? "all")")
        if let to = rule.to { words.append("to \(to)") }
        if rule.tos != 0 { words.append("tos 0x\(hexByte(rule.tos))") }
        if rule.markMask != 0 {
            words.append("fwmark 0x\(String(rule.mark, radix: 16))/0x\(String(rule.markMask, radix: 16))")
        }
        if let interface = rule.inputInterface { words.append("iif \(interface.text)") }
        if let interface = rule.outputInterface { words.append("oif \(interface.text)") }
        if let transport = rule.transport { words.append("ipproto \(transport)") }
        if let ports = rule.sourcePorts { words.append("sport \(ports.lowerBound)-\(ports.upperBound)") }
        if let ports = rule.destinationPorts { words.append("dport \(ports.lowerBound)-\(ports.upperBound)") }
        if let users = rule.userIDs { words.append("uidrange \(users.lowerBound)-\(users.upperBound)") }
        if rule.isL3Master { words.append("l3mdev") }
        switch rule.action {
        case .lookup(let table): if !rule.isL3Master { words.append("lookup \(tableName(table))") }
        case .goto(let priority): words.append("goto \(priority.map { "\($0)" } ?? "none")")
        case .nop: words.append("nop")
        case .blackhole: words.append("blackhole")
        case .unreachable: words.append("unreachable")
        case .prohibit: words.append("prohibit")
        }
        if let length = rule.suppressPrefixLength { words.append("suppress_prefixlength \(length)") }
        return words.joined(separator: " ")
    }
}
