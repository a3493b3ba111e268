// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets
import Routing

/// A packet filter rule that checks the reverse path, read from its text: an nft `fib` expression or iptables' `rpfilter`
/// match, with the conditions beside it.
///
/// Both do one lookup as the host's own packet (iif lo), whatever the link state and without ports, and want a route back
/// through the ingress interface; neither is the sysctl's algorithm (`net/ipv4/netfilter/nft_fib_ipv4.c`, nft_fib4_eval;
/// `net/ipv4/netfilter/ipt_rpfilter.c`, rpfilter_mt; and their like in `net/ipv6/netfilter`).
struct FilterCheck {
    /// What stands beside the check in the rule.
    enum Condition {
        case inputInterface([InterfaceName], isNegated: Bool)
        case source([IPPrefix], isNegated: Bool)
        case destination([IPPrefix], isNegated: Bool)
        case transport([IPProtocol], isNegated: Bool)
        case mark(UInt32, mask: UInt32, isNegated: Bool)
        /// The rule is for this version of the protocol alone.
        case version(isIPv6: Bool)
        /// Something that a drop's record does not tell.
        case unknown
    }

    private let rule: FilterRule
    private var isIptables = false
    private var usesMark = false
    /// Any route will do, whatever its interface.
    private var isLoose = false
    private var acceptsLocal = false
    private var conditions: [Condition] = []

    /// Nil when the rule is no reverse path check.
    init?(_ rule: FilterRule) {
        self.rule = rule
        let isCheck: Bool
        switch rule.tool {
        case .nft:
            isCheck = readNft(Words(rule.text))
        case .iptables:
            isIptables = true
            isCheck = readIptables(Words(rule.text))
        }
        if !isCheck { return nil }
        if rule.family == "ip" || rule.family == "ip6" { conditions.append(.version(isIPv6: rule.family == "ip6")) }
        for step in rule.way ?? [] { conditions += Self.conditions(ofStep: step, tool: rule.tool) }
    }

    /// The conditions of a rule that only leads to the chain. The mark may have been another one there.
    private static func conditions(ofStep text: String, tool: FilterRule.Tool) -> [Condition] {
        var step = Self(leadingBy: text, tool: tool)
        step.conditions = step.conditions.map { if case .mark = $0 { .unknown } else { $0 } }
        return step.conditions
    }

    private init(leadingBy text: String, tool: FilterRule.Tool) {
        rule = FilterRule(tool: tool, family: "", table: "", chain: "", position: 0, text: text)
        switch tool {
        case .nft: _ = readNft(Words(text))
        case .iptables: _ = readIptables(Words(text))
        }
    }

    /// True when the place where the packet was freed rules the tool out: legacy iptables does not run in nft.
    func isElsewhere(_ locationSymbol: String?) -> Bool {
        guard case .iptables(let command) = rule.tool, let locationSymbol else { return false }
        return command.contains("legacy") && locationSymbol.hasPrefix("nft_do_chain")
    }

    /// Whether the rule's place and its other conditions let it see the packet; nil when that cannot be told.
    func applies(to packet: Packet, on interface: InterfaceName, path: PacketPath?) -> Bool? {
        var isKnown = true
        switch (rule.place?.hook, path) {
        case ("output", _), ("postrouting", _): return false
        case ("forward", nil), ("input", nil): isKnown = false
        case ("forward", let path?) where path != .forward: return false
        case ("input", .forward?): return false
        default: break
        }
        for condition in conditions {
            let matches: Bool
            switch condition {
            case .inputInterface(let names, let isNegated):
                matches = names.contains { interface.matches(pattern: $0) } != isNegated
            case .source(let prefixes, let isNegated):
                matches = prefixes.contains { $0.contains(packet.sourceAddress) } != isNegated
            case .destination(let prefixes, let isNegated):
                matches = prefixes.contains { $0.contains(packet.destinationAddress) } != isNegated
            case .transport(let protocols, let isNegated):
                matches = protocols.contains(packet.transport) != isNegated
            case .mark(let value, let mask, let isNegated):
                matches = (packet.mark & mask == value) != isNegated
            case .version(let isIPv6):
                matches = packet.isIPv6 == isIPv6
            case .unknown:
                isKnown = false
                continue
            }
            if !matches { return false }
        }
        return isKnown ? true : nil
    }

    /// Whether an IPv4 packet passes the check itself.
    func passes(_ packet: Packet, _ ingress: UInt32, _ model: RoutingModel) -> Bool {
        let isLocalMulticast = packet.destination.rawValue >> 8 == 0xE00000
        if packet.source.isUnspecified && (packet.destination.isLimitedBroadcast || isLocalMulticast) { return true }
        if model.link(ingress)?.isLoopback == true { return true }

        let isToAll =
            packet.destination.isMulticast || packet.destination.isLimitedBroadcast || packet.destination.isUnspecified
        var key = LookupKey(
            destination: packet.source, source: isToAll ? .unspecified : packet.destination, vrf: model.vrf(of: ingress)
        )
        key.tos = packet.tos & RoutingModel.tosMask
        key.mark = usesMark ? packet.mark : 0
        key.ignoresLinkState = true
        guard case .found(let route) = model.lookup(key).end else { return false }
        if isIptables && route.kind != .unicast && !(route.kind == .local && acceptsLocal) { return false }
        if !isIptables && route.kind == .local { return false }
        return isLoose || model.uses(route, ingress)
    }

    /// Whether an IPv6 packet passes the check itself, by what the kernel answered about its routes.
    func passes(
        _ addresses: Packet.IPv6Addresses, _ routes: IPv6Routes, _ ingress: UInt32, _ model: RoutingModel
    )
        -> Bool
    {
        if addresses.source.isUnspecified || model.link(ingress)?.isLoopback == true { return true }
        // ip6tables binds the lookup to the interface, without giving up routes that do not fit.
        let question = IPv6Routes.Question(usesMark: usesMark, prefersIngress: isIptables && !isLoose)
        guard let answer = routes.back[question], let kind = answer.kind else { return false }
        switch kind {
        case .unicast: break
        case .local: return isIptables && acceptsLocal
        default: return false
        }
        guard !isLoose, let interface = answer.interface else { return isLoose }
        return interface == ingress || model.link(interface)?.master == ingress
    }

    // MARK: Reading

    /// `fib saddr [. mark] [. iif] oif missing`, as `nft list ruleset` prints it.
    private mutating func readNft(_ words: Words) -> Bool {
        var words = words
        var isCheck = false
        while let word = words.next() {
            switch word {
            case "fib":
                guard readFib(&words) else { return false }
                isCheck = true
            case "iif", "iifname":
                let values = words.values()
                conditions.append(.inputInterface(values.items.map { InterfaceName($0) }, isNegated: values.isNegated))
            case "ip", "ip6":
                conditions.append(.version(isIPv6: word == "ip6"))
                conditions.append(Self.nftHeader(&words))
            case "icmp", "icmpv6":
                conditions += [.transport([word == "icmp" ? .icmp : .icmpv6], isNegated: false), .unknown]
            case "meta":
                conditions.append(contentsOf: Self.nftMeta(&words))
            case "counter", "packets", "bytes", "drop", "reject", "accept", "return", "goto", "jump", "log", "prefix",
                "comment", "level", "with":
                if ["packets", "bytes", "goto", "jump", "prefix", "comment", "level"].contains(word) {
                    _ = words.next()
                }
            default:
                conditions.append(.unknown)
            }
        }
        return isCheck
    }

    /// What follows `fib`; false when it asks for anything else than the way back.
    private mutating func readFib(_ words: inout Words) -> Bool {
        let keys = words.fields()
        guard keys.contains("saddr"), let result = words.next(), ["oif", "oifname", "check"].contains(result) else {
            return false
        }
        usesMark = keys.contains("mark")
        isLoose = !keys.contains("iif")
        if words.skip("vmap") {
            // { missing : drop, exists : accept }
            let verdicts = words.values().items
            guard let missing = verdicts.firstIndex(of: "missing"), verdicts.dropFirst(missing + 2).first == "drop"
            else { return false }
            return true
        }
        let values = words.values()
        let isForMissing = values.items == ["missing"] || values.items == ["0"] || values.items == [""]
        let isForExisting = values.items == ["exists"]
        guard isForMissing || isForExisting else { return false }
        // What passes is let through; unless it is seen what drops the rest, that may be anything.
        if isForExisting != values.isNegated && rule.dropper == nil { conditions.append(.unknown) }
        return true
    }

    private static func nftHeader(_ words: inout Words) -> Condition {
        let field = words.next()
        let values = words.values()
        switch field {
        case "protocol", "nexthdr": return .protocols(values.items, isNegated: values.isNegated)
        case "saddr": return .addresses(values.items) { .source($0, isNegated: values.isNegated) }
        case "daddr": return .addresses(values.items) { .destination($0, isNegated: values.isNegated) }
        default: return .unknown
        }
    }

    private static func nftMeta(_ words: inout Words) -> [Condition] {
        let field = words.next()
        if field == "mark" { return [nftMark(&words)] }
        let values = words.values()
        switch (field, values.items) {
        case ("nfproto", ["ipv4"]): return [.version(isIPv6: values.isNegated)]
        case ("nfproto", ["ipv6"]): return [.version(isIPv6: !values.isNegated)]
        case ("l4proto", let items): return [.protocols(items, isNegated: values.isNegated)]
        default: return [.unknown]
        }
    }

    /// `mark 0x1`, `mark & 0xff == 0x1`
    private static func nftMark(_ words: inout Words) -> Condition {
        let mask = words.skip("&") ? words.next().flatMap { number($0) } : UInt32.max
        let values = words.values()
        guard let mask, values.items.count == 1, let value = values.items.first.flatMap({ number($0) }) else {
            return .unknown
        }
        return .mark(value, mask: mask, isNegated: values.isNegated)
    }

    /// `-m rpfilter [--loose] [--validmark] [--accept-local] [--invert] -j DROP`, as `iptables -S` prints it.
    private mutating func readIptables(_ words: Words) -> Bool {
        var words = words
        var isCheck = false
        var isInverted = false
        var isNegated = false
        var target = ""
        while let word = words.next() {
            switch word {
            case "!":
                isNegated = true
                continue
            case "-m", "--match":
                let match = words.next() ?? ""
                if match == "rpfilter" {
                    isCheck = true
                } else if !["comment", "mark"].contains(match) {
                    conditions.append(.unknown)
                }
            case "--comment": _ = words.next()
            case "--mark":
                conditions.append(Self.iptablesMark(words.next() ?? "", isNegated: isNegated))
            case "--loose": isLoose = true
            case "--validmark": usesMark = true
            case "--accept-local": acceptsLocal = true
            case "--invert": isInverted = true
            case "-j", "--jump", "-g", "--goto": target = words.next() ?? ""
            case "-i", "--in-interface":
                conditions.append(.inputInterface([InterfaceName(words.next() ?? "")], isNegated: isNegated))
            case "-s", "--source":
                let negated = isNegated
                conditions.append(.addresses([words.next() ?? ""]) { .source($0, isNegated: negated) })
            case "-d", "--destination":
                let negated = isNegated
                conditions.append(.addresses([words.next() ?? ""]) { .destination($0, isNegated: negated) })
            case "-p", "--protocol":
                conditions.append(.protocols([words.next() ?? ""], isNegated: isNegated))
            default:
                conditions.append(.unknown)
            }
            isNegated = false
        }
        // What passes is let through, or what fails is not dropped here: then another rule dropped the packet.
        let letsPass = ["ACCEPT", "RETURN"].contains(target)
        let dropsWhatFails = isInverted ? !letsPass : letsPass && rule.dropper != nil
        if isCheck && !dropsWhatFails { conditions.append(.unknown) }
        return isCheck
    }

    /// `0x1`, `0x1/0xff`
    private static func iptablesMark(_ text: String, isNegated: Bool) -> Condition {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { number($0) }
        guard let value = parts.first, let value, let mask = parts.count == 2 ? parts[1] : UInt32.max else {
            return .unknown
        }
        return .mark(value, mask: mask, isNegated: isNegated)
    }
}

/// A number as both tools write them.
private func number(_ text: some StringProtocol) -> UInt32? {
    text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
}

extension FilterCheck.Condition {
    fileprivate static func addresses(_ texts: [String], _ make: ([IPPrefix]) -> Self) -> Self {
        let prefixes = texts.compactMap { IPPrefix($0) }
        return prefixes.count == texts.count ? make(prefixes) : .unknown
    }

    fileprivate static func protocols(_ names: [String], isNegated: Bool) -> Self {
        let known = names.compactMap { name in
            if name == "icmpv6" { return IPProtocol.icmpv6 }
            return UInt8(name).map { IPProtocol(rawValue: $0) }
                ?? (UInt8.min...UInt8.max).lazy.map { IPProtocol(rawValue: $0) }.first { $0.name == name }
        }
        return known.count == names.count ? .transport(known, isNegated: isNegated) : .unknown
    }
}

extension InterfaceName {
    /// Whether the name is `pattern`, where a trailing `+` (iptables) or `*` (nft) stands for any rest.
    fileprivate func matches(pattern: InterfaceName) -> Bool {
        guard let last = pattern.bytes.last, last == UInt8(ascii: "+") || last == UInt8(ascii: "*") else {
            return self == pattern
        }
        return bytes.starts(with: pattern.bytes.dropLast())
    }
}
