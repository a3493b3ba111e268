// SPDX-License-Identifier: Apache-2.0
import Facts
import Testing

@testable import Host

@Suite struct FilterTests {
    @Test func nftRulesThatCheckTheReversePathAreFound() {
        let text = """
            table ip filter { # handle 1
            \tset blocked { # handle 2
            \t\ttype ipv4_addr
            \t\tflags interval
            \t}

            \tchain PREROUTING { # handle 3
            \t\ttype filter hook prerouting priority raw; policy accept;
            \t\tiifname "eth0" counter accept # handle 4
            \t\tiifname "eth*" fib saddr . iif oif missing counter drop comment "fib # handle 99 {" # handle 5
            \t\tip saddr 192.0.2.1 jump {
            \t\t\tfib saddr . mark . iif oif eq 0 drop
            \t\t} # handle 6
            \t\tfib saddr type unicast drop # handle 7
            \t\tfib daddr . iif oif missing drop # handle 8
            \t\tfib saddr . iif oif missing counter # handle 9
            \t\tcomment "fib saddr . iif oif missing drop" # handle 10
            \t\tfib saddr . iif check missing reject # handle 11
            \t}
            }
            table inet firewalld { # handle 2
            \tchain raw { # handle 1
            \t\tmeta nfproto ipv6 fib saddr . mark . iif oif missing drop # handle 2
            \t\tmeta nfproto != ipv6 fib saddr . iif oifname "" drop # handle 3
            \t}
            }
            table ip6 six { # handle 3
            \tchain c { # handle 1
            \t\tfib saddr . iif oif missing drop # handle 2
            \t}
            }
            # Warning: table ip raw is managed by iptables-nft, do not touch!
            table ip raw { # handle 4
            \tchain PREROUTING { # handle 1
            \t\ttype filter hook prerouting priority raw; policy accept;
            \t\txt match "rpfilter" counter packets 0 bytes 0 drop # handle 2
            \t\tfib saddr . iif oif missing drop # handle 3
            \t}
            }
            """
        for length in 0..<text.utf8.count { _ = NftRuleset(Array(text.utf8.prefix(length))) }
        let ruleset = NftRuleset(Array(text.utf8))
        #expect(ruleset.xtables == ["ip"])
        func rule(
            _ family: String, _ table: String, _ chain: String, _ handle: UInt64, _ position: Int, _ text: String
        ) -> FilterRule {
            let isBase = table == "filter"
            return FilterRule(
                tool: .nft, family: family, table: table, chain: chain, handle: handle, position: position, text: text,
                way: isBase ? [] : nil,
                place: isBase ? FilterRule.Place(hook: "prerouting", priority: -300) : nil)
        }
        #expect(
            ruleset.rules == [
                rule(
                    "ip", "filter", "PREROUTING", 5, 2,
                    #"iifname "eth*" fib saddr . iif oif missing counter drop comment "fib # handle 99 {""#),
                rule(
                    "ip", "filter", "PREROUTING", 6, 3,
                    "ip saddr 192.0.2.1 jump { fib saddr . mark . iif oif eq 0 drop; }"),
                rule("ip", "filter", "PREROUTING", 11, 8, "fib saddr . iif check missing reject"),
                rule(
                    "inet", "firewalld", "raw", 2, 1, "meta nfproto ipv6 fib saddr . mark . iif oif missing drop"),
                rule("inet", "firewalld", "raw", 3, 2, #"meta nfproto != ipv6 fib saddr . iif oifname "" drop"#),
                rule("ip6", "six", "c", 2, 1, "fib saddr . iif oif missing drop"),
            ])
    }

    /// As firewall-nftables.nix of NixOS writes it, and as firewalld (2.2 with NftablesTableOwner) does.
    @Test func whatLetsPassKnowsWhatDropsTheRest() {
        let text = """
            table inet nixos-fw { # handle 1
            \tchain rpfilter { # handle 2
            \t\ttype filter hook prerouting priority mangle + 10; policy drop;
            \t\tmeta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4" # handle 6
            \t\tfib saddr . mark . iif oif exists accept # handle 7
            \t\tjump rpfilter-allow # handle 8
            \t}

            \tchain rpfilter-allow { # handle 3
            \t}
            }
            table inet firewalld { # progname firewalld # handle 2
            \tflags owner,persist

            \tchain filter_PREROUTING { # handle 1
            \t\ttype filter hook prerouting priority filter + 10; policy accept;
            \t\ticmpv6 type { nd-router-advert, nd-neighbor-solicit } accept # handle 2
            \t\tmeta nfproto ipv6 fib saddr . mark . iif oif missing drop # handle 3
            \t}
            }
            table ip own { # handle 3
            \tchain pre { # handle 1
            \t\ttype filter hook prerouting priority -5; policy accept;
            \t\tiifname "a*" jump check # handle 4
            \t\tfib saddr . iif oif exists accept # handle 5
            \t}

            \tchain check { # handle 2
            \t\tfib saddr . iif oif missing jump refuse # handle 6
            \t\tfib saddr . iif oif missing jump note # handle 7
            \t\tfib saddr . iif oif exists return # handle 8
            \t\tcounter packets 0 bytes 0 log prefix "rp " drop # handle 9
            \t}

            \tchain refuse { # handle 3
            \t\tlog prefix "refused " level info # handle 10
            \t\tdrop # handle 11
            \t}

            \tchain note { # handle 4
            \t\tlog # handle 12
            \t}
            }
            """
        let rules = NftRuleset(Array(text.utf8)).rules
        func place(_ priority: Int) -> FilterRule.Place { .init(hook: "prerouting", priority: priority) }
        let check = FilterRule(
            tool: .nft, family: "ip", table: "own", chain: "check", handle: 6, position: 1,
            text: "fib saddr . iif oif missing jump refuse", way: [#"iifname "a*" jump check"#], place: place(-5))
        #expect(
            rules == [
                FilterRule(
                    tool: .nft, family: "inet", table: "nixos-fw", chain: "rpfilter", handle: 7, position: 2,
                    text: "fib saddr . mark . iif oif exists accept", dropper: .policy, way: [], place: place(-140)),
                FilterRule(
                    tool: .nft, family: "inet", table: "firewalld", chain: "filter_PREROUTING", handle: 3, position: 2,
                    text: "meta nfproto ipv6 fib saddr . mark . iif oif missing drop", way: [], place: place(10),
                    isLocked: true),
                FilterRule(
                    tool: .nft, family: "ip", table: "own", chain: "pre", handle: 5, position: 2,
                    text: "fib saddr . iif oif exists accept", way: [], place: place(-5)),
                check,
                FilterRule(
                    tool: .nft, family: "ip", table: "own", chain: "check", handle: 8, position: 3,
                    text: "fib saddr . iif oif exists return",
                    dropper: .rule(position: 4, text: "counter packets 0 bytes 0 log prefix \"rp \" drop"),
                    way: check.way, place: check.place),
            ])
    }

    /// As firewall-iptables.nix of NixOS and Calico's Felix write them.
    @Test func chainsOfIptablesAreFollowed() {
        let text = """
            *raw
            :PREROUTING ACCEPT [0:0]
            :cali-PREROUTING - [0:0]
            :cali-rpf-skip - [0:0]
            :unused - [0:0]
            -A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
            -A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" -j MARK --set-xmark 0x0/0xf0000
            -A cali-PREROUTING -i cali+ -m comment --comment "cali:EWMPb0zVROM-woQp" -j MARK --set-xmark 0x40000/0x40000
            -A cali-PREROUTING -m comment --comment "cali:PWuxTAIaFCtsg5Qa" -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
            -A cali-PREROUTING -m comment --comment "cali:fSSbGND7dgyemWU7" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
            -A unused -m rpfilter --invert -j DROP
            COMMIT
            *mangle
            :PREROUTING ACCEPT [0:0]
            :nixos-fw-rpfilter - [0:0]
            -A PREROUTING -j nixos-fw-rpfilter
            -A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
            -A nixos-fw-rpfilter -j LOG --log-prefix "rpfilter drop: " --log-level 6
            -A nixos-fw-rpfilter -j DROP
            COMMIT
            """
        let tool = FilterRule.Tool.iptables(command: "ip6tables")
        #expect(
            reversePathRules(iptablesSave: Array(text.utf8), command: "ip6tables") == [
                FilterRule(
                    tool: tool, family: "ip6", table: "raw", chain: "cali-PREROUTING", position: 4,
                    text: "-m comment --comment \"cali:fSSbGND7dgyemWU7\" -m mark --mark 0x40000/0x40000 -m rpfilter"
                        + " --validmark --invert -j DROP",
                    way: ["-m comment --comment \"cali:6gwbT8clXdHdC1b1\" -j cali-PREROUTING"],
                    place: FilterRule.Place(hook: "prerouting", priority: -300)),
                FilterRule(
                    tool: tool, family: "ip6", table: "mangle", chain: "nixos-fw-rpfilter", position: 1,
                    text: "-m rpfilter --validmark -j RETURN", dropper: .rule(position: 3, text: "-j DROP"),
                    way: ["-j nixos-fw-rpfilter"], place: FilterRule.Place(hook: "prerouting", priority: -150)),
            ])
    }

    @Test(arguments: ["", "}", "}}}}\ntable", "table ip x {", "{{{{{{", "table ip x {\nchain y {\n\"", "# handle 1"])
    func brokenRulesetsAreHarmless(text: String) {
        #expect(NftRuleset(Array(text.utf8)).rules.isEmpty)
        #expect(reversePathRules(iptablesSave: Array(text.utf8), command: "iptables").isEmpty)
    }

    @Test func iptablesRulesKnowTheirPosition() {
        let text = #"""
            # Generated by iptables-save
            *raw
            -A PREROUTING -i lo -j ACCEPT
            -A OTHER -m rpfilter --loose -j DROP
            -A PREROUTING -m comment --comment "no -m rpfilter \" here" -j DROP
            -A PREROUTING -i eth0 -m rpfilter --validmark --invert -m comment --comment "a b" -j DROP
            COMMIT
            *mangle
            -A PREROUTING -m rpfilter --invert -j DROP
            COMMIT
            """#
        for length in 0..<text.utf8.count {
            _ = reversePathRules(iptablesSave: Array(text.utf8.prefix(length)), command: "")
        }
        let rules = reversePathRules(iptablesSave: Array(text.utf8), command: "iptables-legacy")
        func rule(_ table: String, _ chain: String, _ position: Int, _ text: String) -> FilterRule {
            FilterRule(
                tool: .iptables(command: "iptables-legacy"), family: "ip", table: table, chain: chain,
                position: position, text: text)
        }
        #expect(
            rules == [
                rule(
                    "raw", "PREROUTING", 3,
                    #"-i eth0 -m rpfilter --validmark --invert -m comment --comment "a b" -j DROP"#),
                rule("raw", "OTHER", 1, "-m rpfilter --loose -j DROP"),
                rule("mangle", "PREROUTING", 1, "-m rpfilter --invert -j DROP"),
            ])
    }

    @Test(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot))
    func rulesAreReadFromTheNamespaceWithTheToolsThatOwnThem() throws {
        let namespace = try TestNamespace("filter")
        try #require(Command.find("nft") != nil && Command.find("iptables-nft") != nil)
        #expect(try namespace.open().filterRules() == FilterRules())
        try namespace.exec(["nft", "add table inet guard"])
        try namespace.exec(["nft", "add chain inet guard pre { type filter hook prerouting priority -300; }"])
        try namespace.exec(["nft", "add rule inet guard pre iifname lo accept"])
        try namespace.exec(["nft", "add rule inet guard pre fib saddr . iif oif missing counter drop"])
        try namespace.exec([
            "iptables-nft", "-t", "raw", "-A", "PREROUTING", "-m", "rpfilter", "--invert", "-j", "DROP",
        ])
        let opened = try namespace.open()
        let facts = try opened.facts(NamespaceIdentity(inode: opened.inode), includingFilterRules: true)
        #expect(facts.filterRules == (try opened.filterRules().rules))
        let nft = try #require(facts.filterRules.first { $0.tool == .nft })
        #expect(nft.family == "inet" && nft.table == "guard" && nft.chain == "pre" && nft.position == 2)
        #expect(nft.text == "fib saddr . iif oif missing counter drop")
        // The handle is the rule's: what it names can be deleted.
        let handle = try #require(nft.handle)
        try namespace.exec(["nft", "delete rule inet guard pre handle \(handle)"])
        let xtables = try #require(facts.filterRules.first { $0.tool == .iptables(command: "iptables-nft") })
        #expect(xtables.table == "raw" && xtables.chain == "PREROUTING" && xtables.position == 1)
        #expect(xtables.text == "-m rpfilter --invert -j DROP")
        #expect(facts.filterRules.count == 2)
        #expect(try opened.filterRules().rules == [xtables])
        #expect(try opened.facts(NamespaceIdentity(inode: opened.inode)).filterRules.isEmpty)
    }

    @Test(
        .enabled(if: TestNamespace.isRoot && Command.find("iptables-legacy") != nil, "needs iptables-legacy and root"))
    func rulesOfTheLegacyTablesAreRead() throws {
        let namespace = try TestNamespace("legacy")
        try namespace.exec([
            "iptables-legacy", "-t", "raw", "-A", "PREROUTING", "-i", "lo", "-m", "rpfilter", "--invert", "-j", "DROP",
        ])
        let rules = try namespace.open().filterRules()
        #expect(rules.notes.isEmpty)
        #expect(rules.rules.map(\.tool) == [.iptables(command: "iptables-legacy")])
        #expect(rules.rules.map(\.text) == ["-i lo -m rpfilter --invert -j DROP"])
    }
}
