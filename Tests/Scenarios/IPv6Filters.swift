// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Packet filters that check the reverse path of IPv6, which no sysctl does.
///
///     client                     host under test                    server
///     a1 ─────────────────────── a0 2001:db8::1/64
///                                b0 2001:db8:1::1/64 ────────────── b1
///                                2001:db8:7::/64 via 2001:db8:1::2 dev b0
package enum IPv6Filters {
    package static let procedures: [Procedure] = [
        procedure(
            "firewalld's IPv6_rpfilter", requires: [.fibOfBoth],
            setup: [
                .nft(
                    """
                    table inet firewalld {
                        chain filter_PREROUTING {
                            type filter hook prerouting priority filter + 10; policy accept;
                            icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
                            meta nfproto ipv6 fib saddr . mark . iif oif missing drop
                        }
                    }
                    """)
            ],
            rule: ["tool": "nft", "family": "inet", "table": "firewalld", "chain": "filter_PREROUTING", "position": 2],
            manager: "firewalld", says: "IPv6_rpfilter="),
        procedure(
            "NixOS' chain for nftables", requires: [.fibOfBoth],
            setup: [
                .nft(
                    """
                    table inet nixos-fw {
                        chain rpfilter {
                            type filter hook prerouting priority mangle + 10; policy drop;
                            meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4"
                            fib saddr . mark . iif oif exists accept
                            jump rpfilter-allow
                        }
                        chain rpfilter-allow {
                        }
                    }
                    """)
            ],
            rule: ["tool": "nft", "table": "nixos-fw", "chain": "rpfilter", "position": 2, "dropped_by": "policy"],
            manager: "NixOS firewall", says: "networking.firewall.checkReversePath"),
        procedure(
            "an nft rule of family ip6, and one for the other version before it", requires: [.fibOfBoth],
            setup: [
                .nft(
                    """
                    add table ip6 guard
                    add chain ip6 guard arrival { type filter hook prerouting priority raw; }
                    add rule ip6 guard arrival iifname { "a0", "b0" } ip6 saddr 2001:db8::/32 fib saddr . iif oif 0 counter drop
                    add table ip guard
                    add chain ip guard arrival { type filter hook prerouting priority -400; }
                    add rule ip guard arrival fib saddr . iif oif missing drop
                    """)
            ],
            rule: ["tool": "nft", "family": "ip6", "table": "guard", "chain": "arrival", "position": 1],
            says: "a0"),
        procedure(
            "NixOS' chain for ip6tables", requires: [.rpfilterMatch(of: "ip6tables")],
            setup: [
                .shell(
                    """
                    ip6tables -t mangle -N nixos-fw-rpfilter
                    ip6tables -t mangle -A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
                    ip6tables -t mangle -A nixos-fw-rpfilter -j DROP
                    ip6tables -t mangle -A PREROUTING -j nixos-fw-rpfilter
                    """)
            ],
            rule: ["family": "ip6", "table": "mangle", "chain": "nixos-fw-rpfilter", "position": 1],
            manager: "NixOS firewall", says: "networking.firewall.checkReversePath"),
        rpfilterMatch(of: "ip6tables"), rpfilterMatch(of: "ip6tables-legacy"),
        Procedure(
            "IPv6 packets dropped by a rule that has nothing to do with the reverse path", requires: [.fibOfBoth]
        ) { () -> ScenarioResult in
            try run(
                [
                    .nft(
                        """
                        table inet guard {
                            chain arrival {
                                type filter hook prerouting priority raw; policy accept;
                                meta nfproto ipv6 fib saddr . iif oif missing drop
                                udp dport 9 drop
                            }
                        }
                        """)
                ], from: symmetric, rule: nil, manager: nil, says: "which one could not be told")
        },
    ]

    private static let symmetric = "2001:db8::2"
    private static let asymmetric = "2001:db8:7::1"
    private static let own = "2001:db8::1"
    private static let times = 3

    private static func rpfilterMatch(of command: String) -> Procedure {
        procedure(
            "\(command) -m rpfilter --invert", requires: [.rpfilterMatch(of: command)],
            setup: [
                .command("\(command) -t raw -A PREROUTING -s fe80::/10 -j ACCEPT"),
                .command("\(command) -t raw -A PREROUTING -s 2001:db8::/32 -p udp -m rpfilter --invert -j DROP"),
            ],
            rule: ["family": "ip6", "table": "raw", "chain": "PREROUTING", "position": 2], says: "a0")
    }

    private static func procedure(
        _ name: String, requires requirements: [Requirement], setup: [Step], rule: [String: JSONValue],
        manager: JSONValue? = nil, says: String
    ) -> Procedure {
        Procedure(
            "IPv6 packets dropped by \(name): named, exempted for one interface, restored", requires: requirements
        ) { () -> ScenarioResult in
            try run(setup, from: asymmetric, rule: rule, manager: manager, says: says)
        }
    }

    private static let addressing: [Step] = [
        .shell("for i in a0 b0; do echo 0 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done"),
        .ip("address add \(own)/64 dev a0 nodad"), .ip("address add 2001:db8:1::1/64 dev b0 nodad"),
        .ip("-6 route add 2001:db8:7::/64 via 2001:db8:1::2 dev b0"),
    ]

    private static func run(
        _ setup: [Step], from source: String, rule: [String: JSONValue]?, manager: JSONValue?, says: String
    ) throws -> ScenarioResult {
        let testbed = try Testbed()
        try testbed.apply(addressing + setup)
        let before = try rulesets(of: testbed)
        let sender = try PacketSender(
            on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        func delivered() throws -> Int {
            let earlier = try ipv6Delivered(testbed)
            try sender.send(IPv6Datagram(from: source, to: own), times: times, to: Testbed.ethernetAddress("a0"))
            // What must not come has no event to wait for.
            _ = try eventually(within: 0.5) { try ipv6Delivered(testbed) - earlier >= times }
            return try ipv6Delivered(testbed) - earlier
        }
        let trace = try RpfwatchProcess(["trace", "--follow", "--json", "--netns", testbed.host.argument])
        try trace.waitForStart()
        var problems: [String] = []
        let arrived = try delivered()
        if arrived != 0 { problems.append("\(arrived) packets were delivered in spite of the rule") }
        let events = TraceEvents(try trace.interruptAndFinish())
        problems += events.problems + events.totalsProblems
        if events.end?["rpf.drops"] != 0 { problems.append("rpf.drops is \(events.end?["rpf.drops"] ?? .null)") }
        guard Sight(tier: "").hasDropReasons else {
            if !events.drops.isEmpty { problems.append("without drop reasons there are drops: \(events.drops)") }
            return problems.isEmpty ? .blind(Sight.BlindSpot.netfilter.rawValue) : .failed(problems)
        }
        if (events.end?["rpf.other_drops"]?.integer ?? 0) < times {
            problems.append("rpf.other_drops is \(events.end?["rpf.other_drops"] ?? .null)")
        }
        problems += dropProblems(events.drops, source)
        guard events.findings.count == 1, let finding = events.findings.first else {
            return .failed(problems + ["there are \(events.findings.count) findings, not 1: \(events.findings)"])
        }
        problems += findingProblems(finding, source, rule, manager, says)
        if rule != nil {
            problems += try runCommands(finding["rpf.fix.commands"])
            let admitted = try delivered()
            if admitted != times { problems.append("with the fix \(admitted) packets were delivered") }
            problems += try runCommands(finding["rpf.fix.revert"])
            let after = try rulesets(of: testbed)
            if after != before { problems.append("the rules were:\n\(before)\nand are after the revert:\n\(after)") }
            let refused = try delivered()
            if refused != 0 { problems.append("\(refused) packets were delivered after the revert") }
        }
        return problems.isEmpty ? .passed : .failed(problems)
    }

    private static func dropProblems(_ drops: [JSONValue], _ source: String) -> [String] {
        var problems: [String] = []
        if drops.count != times { problems.append("\(drops.count) drops were reported, not \(times)") }
        let expected: [String: JSONValue] = [
            "network.type": "ipv6", "network.transport": "udp", "network.iana_number": 17, "network.bytes": 57,
            "network.interface.name": "a0", "source.ip": .string(source), "source.address": .string(source),
            "source.port": 40_000, "source.mac": "02-00-00-00-00-A1", "destination.ip": .string(own),
            "destination.port": 9, "rpf.attributed": false, "rpf.cause": "netfilter", "rpf.path": "input",
            "rpf.certainty.attributed": "observed", "rpf.drop_reason": "NETFILTER_DROP", "rpf.sysctl.all": .null,
            "rpf.sysctl.effective": .null, "rpf.reverse.type": .null,
        ]
        for drop in drops { problems += differences(drop, expected).map { "drop: \($0)" } }
        return Array(Set(problems)).sorted()
    }

    private static func findingProblems(
        _ finding: JSONValue, _ source: String, _ rule: [String: JSONValue]?, _ manager: JSONValue?, _ says: String
    ) -> [String] {
        var expected: [String: JSONValue] = [
            "network.type": "ipv6", "rpf.attributed": false, "rpf.cause": "netfilter", "rpf.drops": .integer(times),
            "rpf.fix.id": rule == nil ? "none" : "netfilter_rule", "rpf.fix.widens": .array([]),
            "rpf.example.source.ip": .string(source), "rpf.fix.predicted": rule == nil ? "drop" : "accept",
        ]
        for (key, value) in rule ?? [:] { expected["rpf.filter_rule.\(key)"] = value }
        if rule == nil {
            expected["rpf.filter_rule"] = .null
        } else {
            expected["rpf.filter_rule.manager"] = manager ?? .null
        }
        var problems = differences(finding, expected)
        if !"\(finding["rpf.fix"] ?? .null)".contains(says) {
            problems.append("the fix does not say \(says): \(finding["rpf.fix"] ?? .null)")
        }
        if !"\(finding["rpf.rejected"] ?? .null)".contains("net.ipv6.conf.a0.rp_filter") {
            problems.append("net.ipv6 is not among the rejected recipes: \(finding["rpf.rejected"] ?? .null)")
        }
        let sources = finding["rpf.sources"]?.array ?? []
        if sources.count != 1 || sources.first?["prefix"] != .string("\(source)/128") {
            problems.append("the sources are \(sources)")
        }
        return problems.map { "finding: \($0)" }
    }

    private static func differences(_ event: JSONValue, _ expected: [String: JSONValue]) -> [String] {
        expected.sorted { $0.key < $1.key }.compactMap { key, value in
            let found = event[key]
            return found == value ? nil : "\(key) is \(found?.description ?? "missing"), not \(value)"
        }
    }

    /// Runs shell commands from the host, as a person would paste them.
    private static func runCommands(_ commands: JSONValue?) throws -> [String] {
        try (commands?.array ?? []).compactMap { command in
            let result = try Lab.run(["sh", "-c", command.string ?? ""])
            return result.succeeded ? nil : "\(command) ended with \(result.status): \(result.standardError)"
        }
    }

    /// Ip6 InDelivers of the host.
    private static func ipv6Delivered(_ testbed: Testbed) throws -> Int {
        let text = try testbed.host.enter { contents(of: "/proc/thread-self/net/snmp6") ?? "" }
        let line = text.split(separator: "\n").first { $0.hasPrefix("Ip6InDelivers") }
        return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace).last ?? "") } ?? -1
    }

    /// All rules as their tools write them, with the numbers that nft gave them.
    private static func rulesets(of testbed: Testbed) throws -> String {
        try testbed.host.enter {
            var text = try runSuccessfully(["nft", "-a", "-s", "list", "ruleset"])
            for tool in ["ip6tables-save", "ip6tables-legacy-save"] where isInstalled(tool) {
                // Times and counters are no rules.
                let lines = try runSuccessfully([tool]).split(separator: "\n").filter { !$0.hasPrefix("#") }
                text += lines.map { $0.hasPrefix(":") ? $0.prefix { $0 != "[" } : $0 }.joined(separator: "\n")
            }
            return text
        }
    }
}
