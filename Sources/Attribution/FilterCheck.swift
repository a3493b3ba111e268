// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Routing

/// A packet filter rule that checks the reverse path, read from its text: an nft `fib` expression or iptables' `rpfilter`
/// match, with the conditions beside it.
///
/// Both do one lookup as the host's own packet (iif lo), whatever the link state and without ports, and want a route back
/// through the ingress interface; neither is the sysctl's algorithm (`net/ipv4/netfilter/nft_fib_ipv4.c`, nft_fib4_eval;
/// `net/ipv4/netfilter/ipt_rpfilter.c`, rpfilter_mt).
struct FilterCheck {
    /// What stands beside the check in the rule.
    enum Condition {
        case inputInterface([InterfaceName], isNegated: Bool)
        case source([IPv4Prefix], isNegated: Bool)
        case destination([IPv4Prefix], isNegated: Bool)
        case transport([IPProtocol], isNegated: Bool)
        /// The rule is for IPv6.
        case never
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
        if !isCheck || rule.family == "ip6" { return nil }
    }

    /// True when the place where the packet was freed rules the tool out: legacy iptables does not run in nft.
    func isElsewhere(_ locationSymbol: String?) -> Bool {
        guard case .iptables(let command) = rule.tool, let locationSymbol else { return false }
        return command.contains("legacy") && locationSymbol.hasPrefix("nft_do_chain")
    }

    /// Whether the rule's other conditions let it see the packet; nil when that cannot be told.
    func applies(to packet: Packet, on interface: InterfaceName) -> Bool? {
        var isKnown = true
        for condition in conditions {
            let matches: Bool
            switch condition {
            case .inputInterface(let names, let isNegated):
                matches = names.contains { interface.matches(pattern: $0) } != isNegated
            case .source(let prefixes, let isNegated):
                matches = prefixes.contains { $0.contains(packet.source) } != isNegated
            case .destination(let prefixes, let isNegated):
                matches = prefixes.contains { $0.contains(packet.destination) } != isNegated
            case .transport(let protocols, let isNegated):
                matches = protocols.contains(packet.transport) != isNegated
            case .never:
                matches = false
            case .unknown:
                isKnown = false
                continue
            }
            if !matches { return false }
        }
        return isKnown ? true : nil
    }

    /// Whether the packet passes the check itself.
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

    // MARK: Reading

    /// `fib saddr [. mark] [. iif] oif missing`, as `nft list ruleset` prints it.
    private mutating func readNft(_ words: Words) -> Bool {
        var words = words
        var isCheck = false
        while let word = words.next() {
            switch word {
            case "fib":
                let keys = words.fields()
                guard keys.contains("saddr"), let result = words.next(), ["oif", "oifname", "check"].contains(result)
                else { return false }
                usesMark = keys.contains("mark")
                isLoose = !keys.contains("iif")
                let values = words.values()
                let isForMissing = values.items == ["missing"] || values.items == ["0"]
                let isForExisting = values.items == ["exists"]
                guard isForMissing || isForExisting else { return false }
                isCheck = true
                // What passes is let through; then a later rule or the policy dropped the packet.
                if isForExisting != values.isNegated { conditions.append(.unknown) }
            case "iif", "iifname":
                let values = words.values()
                conditions.append(.inputInterface(values.items.map { InterfaceName($0) }, isNegated: values.isNegated))
            case "ip":
                conditions.append(Self.nftHeader(&words))
            case "meta":
                conditions.append(contentsOf: Self.nftMeta(&words))
            case "counter", "packets", "bytes", "drop", "reject", "goto", "jump", "log", "prefix", "comment", "level",
                "with":
                if ["packets", "bytes", "goto", "jump", "prefix", "comment", "level"].contains(word) {
                    _ = words.next()
                }
            default:
                conditions.append(.unknown)
            }
        }
        return isCheck
    }

    private static func nftHeader(_ words: inout Words) -> Condition {
        let field = words.next()
        let values = words.values()
        switch field {
        case "protocol": return .protocols(values.items, isNegated: values.isNegated)
        case "saddr": return .addresses(values.items) { .source($0, isNegated: values.isNegated) }
        case "daddr": return .addresses(values.items) { .destination($0, isNegated: values.isNegated) }
        default: return .unknown
        }
    }

    private static func nftMeta(_ words: inout Words) -> [Condition] {
        let field = words.next()
        let values = words.values()
        switch field {
        case "nfproto": return values.items == ["ipv4"] && !values.isNegated ? [] : [.never]
        case "l4proto": return [.protocols(values.items, isNegated: values.isNegated)]
        default: return [.unknown]
        }
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
                let match = words.next()
                if match == "rpfilter" {
                    isCheck = true
                } else if match != "comment" {
                    conditions.append(.unknown)
                }
            case "--comment": _ = words.next()
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
        if isInverted == ["ACCEPT", "RETURN"].contains(target) { conditions.append(.unknown) }
        return isCheck
    }
}

extension FilterCheck.Condition {
    fileprivate static func addresses(_ texts: [String], _ make: ([IPv4Prefix]) -> Self) -> Self {
        let prefixes = texts.compactMap { IPv4Prefix($0) }
        return prefixes.count == texts.count ? make(prefixes) : .unknown
    }

    fileprivate static func protocols(_ names: [String], isNegated: Bool) -> Self {
        let known = names.compactMap { name in
            UInt8(name).map { IPProtocol(rawValue: $0) }
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
