// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Routing
import Testing

private func nft(_ text: String, chain: String = "prerouting", position: Int = 1, family: String = "inet") -> FilterRule
{
    FilterRule(tool: .nft, family: family, table: "raw", chain: chain, handle: 4, position: position, text: text)
}

private func iptables(_ text: String, command: String = "iptables") -> FilterRule {
    FilterRule(
        tool: .iptables(command: command), family: "ip", table: "raw", chain: "PREROUTING", position: 1, text: text)
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
