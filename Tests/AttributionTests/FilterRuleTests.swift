// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Routing
import Testing

private func nft(
    _ text: String, chain: String = "prerouting", position: Int = 1, family: String = "inet",
    dropper: FilterRule.Dropper? = nil, way: [String]? = nil, place: FilterRule.Place? = nil
) -> FilterRule {
    FilterRule(
        tool: .nft, family: family, table: "raw", chain: chain, handle: 4, position: position, text: text,
        dropper: dropper, way: way, place: place)
}

private func iptables(
    _ text: String, command: String = "iptables", family: String = "ip", dropper: FilterRule.Dropper? = nil
) -> FilterRule {
    FilterRule(
        tool: .iptables(command: command), family: family, table: "raw", chain: "PREROUTING", position: 1, text: text,
        dropper: dropper)
}

private func judge(
    _ rules: [FilterRule], from source: IPv4Address = Lab.asymmetric, to destination: IPv4Address = Lab.local,
    mark: UInt32 = 0, symbol: String? = nil, _ change: (inout Lab) -> Void = { _ in }
) -> DropAttribution {
    var lab = lab(mode: 0, change)
    lab.facts.filterRules = rules
    var drop = lab.drop(.netfilter, from: source, to: destination, mark: mark)
    drop.locationSymbol = symbol
    return attribute(drop, model: lab.model, lastChange: nil)
}

/// A UDP packet from 2001:db8:7::1 to 2001:db8::9 that came in by a0.
private func judgeIPv6(
    _ rules: [FilterRule], back: IPv6Routes.Answer?, bound: IPv6Routes.Answer? = nil, marked: IPv6Routes.Answer? = nil,
    forth: Route.Kind? = .local, mark: UInt32 = 0, _ change: (inout Packet) -> Void = { _ in }
) -> DropAttribution {
    var lab = lab(mode: 1)
    lab.facts.filterRules = rules
    var drop = lab.drop(.netfilter, from: .unspecified, to: .unspecified, mark: mark)
    drop.sysctls = nil
    drop.key.isIPv6 = true
    drop.packet.ipv6 = IPv6Address("2001:db8:7::1").flatMap { source in
        IPv6Address("2001:db8::9").map { Packet.IPv6Addresses(source: source, destination: $0) }
    }
    change(&drop.packet)
    let routes = back.map { back in
        IPv6Routes(
            back: [
                .init(usesMark: false, prefersIngress: false): back,
                .init(usesMark: false, prefersIngress: true): bound ?? back,
                .init(usesMark: true, prefersIngress: false): marked ?? back,
                .init(usesMark: true, prefersIngress: true): marked ?? bound ?? back,
            ], forth: IPv6Routes.Answer(kind: forth))
    }
    return attribute(drop, model: lab.model, lastChange: nil, routes: routes)
}

private let throughB0 = IPv6Routes.Answer(kind: .unicast, interface: Lab.b0)
private let throughA0 = IPv6Routes.Answer(kind: .unicast, interface: Lab.a0)
private let nowhere = IPv6Routes.Answer()
private let fib6 = "meta nfproto ipv6 fib saddr . mark . iif oif missing drop"

@Suite struct FilterRuleTests {
    @Test(arguments: [
        nft("fib saddr . iif oif missing drop"), nft("fib saddr . iif oif missing counter packets 3 bytes 120 drop"),
        nft("iifname \"a0\" fib saddr . mark . iif oif missing log prefix \"rp filter: \" drop"),
        nft("iifname { \"lo\", \"a*\" } fib saddr . iif oif 0 reject"), nft("fib saddr . iif check missing drop"),
        nft("ip saddr 203.0.113.0/24 ip daddr != { 192.0.2.7, 192.0.2.8 } fib saddr . iif oif missing drop"),
        nft("meta nfproto ipv4 meta l4proto udp fib saddr . iif oifname missing drop"),
        nft("fib saddr . iif oif != exists drop"),
        iptables("-m rpfilter --invert -j DROP"), iptables("-i a+ -m rpfilter --validmark --invert -j DROP"),
        iptables("! -i lo -s 203.0.113.0/24 -p udp -m rpfilter --invert -m comment --comment \"-i b0\" -j DROP"),
        nft("fib saddr . iif check vmap { missing : drop, exists : accept }"),
        nft("fib saddr . iif oif exists accept", dropper: .policy),
        nft("meta mark & 0x00040000 == 0 fib saddr . iif oif missing drop"),
        iptables("-m rpfilter --validmark -j RETURN", dropper: .rule(position: 2, text: "-j DROP")),
        iptables("-m mark ! --mark 0x40000/0x40000 -m rpfilter --invert -j DROP"),
        nft("fib saddr . iif oif missing drop", way: ["iifname \"a*\" meta mark 7 jump x"]),
        // The check lets pass what is right, and something later drops the rest.
        iptables("-m rpfilter -j RETURN"), nft("fib saddr . iif oif exists accept"),
    ])
    func theRuleThatTheSourceDoesNotPassIsNamed(rule: FilterRule) {
        let judged = judge([rule])
        #expect(judged.cause == .netfilter)
        #expect(!judged.attributed)
        #expect(judged.certainty == Certainty(attributed: .observed, cause: .observed))
        #expect(judged.filterRule == rule)
        #expect(judged.reverse == nil)
    }

    @Test(arguments: [
        nft("fib saddr oif missing drop"), nft("iifname \"b0\" fib saddr . iif oif missing drop"),
        nft("iif != \"a0\" fib saddr . iif oif missing drop"),
        nft("meta nfproto ipv6 fib saddr . iif oif missing drop"),
        nft("fib saddr . iif oif missing drop", family: "ip6"), nft("ip protocol tcp fib saddr . iif oif missing drop"),
        nft("ip saddr 198.51.100.0/24 fib saddr . iif oif missing drop"), nft("fib daddr type local drop"),
        nft("fib saddr . iif oif missing drop", way: ["iifname \"b0\" jump x"]),
        nft("fib saddr . iif oif missing drop", place: .init(hook: "forward", priority: 0)),
        nft("fib saddr . iif oif missing drop", place: .init(hook: "output", priority: 0)),
        nft("meta mark 0x00000004 fib saddr . iif oif missing drop"),
        nft("fib saddr . iif check vmap { missing : accept, exists : drop }"),
        iptables("-m mark --mark 0x40000/0x40000 -m rpfilter --invert -j DROP"),
        iptables("-m rpfilter --invert -j DROP", family: "ip6"),
        nft("tcp dport 22 drop"), iptables("-m rpfilter --loose --invert -j DROP"),
        iptables("-i b0 -m rpfilter --invert -j DROP"), iptables("! -s 203.0.113.0/24 -m rpfilter --invert -j DROP"),
        iptables("-p tcp -j DROP"),
    ])
    func aRuleThatDoesNotFitIsNotNamed(rule: FilterRule) {
        let judged = judge([rule])
        #expect(judged.cause == .netfilter)
        #expect(judged.filterRule == nil)
        #expect(judged.reverse == nil)
    }

    @Test func aSourceThatPassesTheCheckWasDroppedBySomethingElse() {
        let rules = [nft("fib saddr . iif oif missing drop"), iptables("-m rpfilter --invert -j DROP")]
        #expect(judge(rules, from: Lab.neighbor).filterRule == nil)
        #expect(judge(rules, from: .unspecified, to: .limitedBroadcast).filterRule == nil)
        #expect(judge(Array(rules.prefix(1)), from: Lab.unrouted).filterRule == rules[0])
    }

    @Test func theMarkCountsOnlyWhereTheRuleSaysSo() {
        func change(_ lab: inout Lab) {
            lab.rule(.lookup(table: 100)) {
                $0.mark = 1
                $0.markMask = .max
            }
            lab.route("203.0.113.0/25", Lab.a0, table: 100)
        }
        let plain = [nft("fib saddr . iif oif missing drop")]
        #expect(judge(plain, mark: 1, change).filterRule == plain[0])
        #expect(judge([nft("fib saddr . mark . iif oif missing drop")], mark: 1, change).filterRule == nil)
        #expect(judge([iptables("-m rpfilter --validmark --invert -j DROP")], mark: 1, change).filterRule == nil)
        #expect(judge([iptables("-m rpfilter --invert -j DROP")], mark: 1, change).filterRule != nil)
    }

    @Test func aLocalSourceFailsUnlessTheRuleAcceptsIt() {
        #expect(judge([nft("fib saddr . iif oif missing drop")], from: Lab.own).filterRule != nil)
        #expect(judge([iptables("-m rpfilter --invert -j DROP")], from: Lab.own).filterRule != nil)
        let lenient = iptables("-m rpfilter --loose --accept-local --invert -j DROP")
        #expect(judge([lenient], from: Lab.own).filterRule == nil)
    }

    @Test func linkStateDoesNotMatterToTheRule() {
        let rule = nft("fib saddr . iif oif missing drop")
        let judged = judge([rule]) { lab in
            lab.unroute("203.0.113.0/25")
            lab.route("203.0.113.0/25", via: "192.0.2.2", Lab.a0, isLinkDown: true, isDead: true)
        }
        #expect(judged.filterRule == nil)
    }

    @Test func theFirstOfAChainIsNamedAndNoneOfSeveralChains() {
        let text = "fib saddr . iif oif missing drop"
        let second = nft(text, position: 2)
        #expect(judge([second, nft(text)]).filterRule == nft(text))
        #expect(judge([nft(text), nft(text, chain: "other")]).filterRule == nil)
    }

    @Test func chainsAreJudgedInTheOrderThatTheyAreCalledIn() {
        let text = "fib saddr . iif oif missing drop"
        func rule(_ chain: String, _ hook: String, _ priority: Int) -> FilterRule {
            nft(text, chain: chain, place: FilterRule.Place(hook: hook, priority: priority))
        }
        let raw = rule("raw", "prerouting", -300)
        let mangle = rule("mangle", "prerouting", -140)
        #expect(judge([mangle, raw, rule("in", "input", -500)]).filterRule == raw)
        // Chains of one priority are called in the order of their making, which nobody tells.
        let twin = rule("twin", "prerouting", -300)
        let judged = judge([twin, raw, mangle])
        #expect(judged.filterRule == nil && judged.filterSuspects == [twin, raw, mangle])
        #expect(judge([raw]).filterSuspects.isEmpty)
    }

    @Test func anIPv6PacketIsTheRulesThatAreForIPv6() {
        let rule = nft(fib6)
        let judged = judgeIPv6([nft("meta nfproto ipv4 fib saddr . iif oif missing drop"), rule], back: throughB0)
        #expect(judged.cause == .netfilter && !judged.attributed)
        #expect(judged.certainty == Certainty(attributed: .observed, cause: .observed))
        #expect(judged.filterRule == rule && judged.path == .input && judged.factors == [])
        #expect(judgeIPv6([rule], back: throughB0, forth: .unicast).path == .forward)
        #expect(judgeIPv6([rule], back: throughA0).filterRule == nil)
        #expect(judgeIPv6([rule], back: nowhere).filterRule == rule)
        #expect(judgeIPv6([nft("fib saddr . iif oif missing drop", family: "ip")], back: throughB0).filterRule == nil)
        #expect(judgeIPv6([iptables("-m rpfilter --invert -j DROP")], back: throughB0).filterRule == nil)
        for text in ["ip6 saddr 2001:db8::/32 \(fib6)", "ip6 daddr != { 2001:db8::a, fe80::/10 } \(fib6)"] {
            #expect(judgeIPv6([nft(text)], back: throughB0).filterRule == nft(text))
        }
        for text in [
            "ip6 saddr 2001:db8:8::/48 \(fib6)", "icmpv6 type nd-router-advert \(fib6)", "ip saddr 0.0.0.0 \(fib6)",
        ] {
            #expect(judgeIPv6([nft(text)], back: throughB0).filterRule == nil, "\(text)")
        }
    }

    @Test func theModesOfBothToolsDifferForIPv6() {
        let loose = nft("meta nfproto ipv6 fib saddr . mark oif missing drop")
        #expect(judgeIPv6([loose], back: throughB0).filterRule == nil)
        #expect(judgeIPv6([loose], back: nowhere).filterRule == loose)
        let strict = iptables("-m rpfilter --validmark --invert -j DROP", command: "ip6tables", family: "ip6")
        // Of two routes to the prefix ip6tables' check takes the one that fits, nft's the better one.
        #expect(judgeIPv6([strict], back: throughB0, bound: throughA0).filterRule == nil)
        #expect(judgeIPv6([nft(fib6)], back: throughB0, bound: throughA0).filterRule == nft(fib6))
        #expect(judgeIPv6([strict], back: throughB0, marked: throughA0, mark: 1).filterRule == nil)
        let own = IPv6Routes.Answer(kind: .local, interface: 1)
        #expect(judgeIPv6([strict], back: own).filterRule == strict)
        var lenient = strict
        lenient.text = "-m rpfilter --loose --accept-local --invert -j DROP"
        #expect(judgeIPv6([lenient], back: own).filterRule == nil)
    }

    @Test func whatIsNotKnownOfAnIPv6PacketIsNotMadeUp() {
        // Nobody answered: the only rule may have dropped, of two neither is named.
        #expect(judgeIPv6([nft(fib6)], back: nil).filterRule == nft(fib6))
        let two = [nft(fib6), nft(fib6, chain: "other")]
        #expect(judgeIPv6(two, back: nil).filterRule == nil && judgeIPv6(two, back: nil).filterSuspects == two)
        #expect(judgeIPv6([], back: throughB0).filterRule == nil)
        #expect(judgeIPv6([nft(fib6)], back: throughB0) { $0.ipv6?.source = .unspecified }.filterRule == nil)
    }

    @Test func aRuleWithUnknownConditionsIsNamedOnlyWhenItIsAlone() {
        let vague = nft("ct state new fib saddr . iif oif missing drop")
        let other = nft("udp dport 9 fib saddr . iif oif missing drop", position: 2)
        let clear = nft("fib saddr . iif oif missing drop", position: 3)
        #expect(judge([vague]).filterRule == vague)
        #expect(judge([vague, other]).filterRule == nil)
        #expect(judge([vague, other, clear]).filterRule == clear)
    }

    @Test func legacyIptablesDoesNotDropInsideNftables() {
        let rule = iptables("-m rpfilter --invert -j DROP", command: "iptables-legacy")
        #expect(judge([rule], symbol: "nft_do_chain+0x1a2").filterRule == nil)
        #expect(judge([rule], symbol: "nf_hook_slow").filterRule == rule)
    }

    @Test func noFactorsThatMakeNoSense() {
        let judged = judge([], from: address("198.51.100.77"), mark: 3) { lab in
            lab[0].rpFilter = 2
            lab.enslave()
            lab.facts.namespace.isOwn = false
        }
        #expect(judged.factors == [.vrf, .otherNetns, .spoofSuspected])
    }
}
