// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import Glibc
import Lab
import ModelLab
import Packets
import Testing

/// Names that a shell, `sysctl`, `ip`, `nft` or `iptables` reads as something else.
private let names: [InterfaceName] = [
    "eth0.100", "a;b$(c)", "-x", "it's", "a=b", "*", "a?[b]", "~", "#x", "{a,b}", "a'b\"c\\", "a..b", ".a", "a+", "ü",
    "all*", "\u{1B}[1m", InterfaceName(bytes: [0x65, 0xFF]), InterfaceName(bytes: [0xFF, 0x37]),
]

@Suite struct InterfaceNameTests {
    private func advice(_ name: InterfaceName, namespace: String? = nil) -> Advice {
        var problem = Problem(
            .wrongInterface, [.replyPathBroken], of: packet(from: Lab.asymmetric, to: Lab.local),
            in: host {
                $0.knowClient()
                $0[Lab.a0].rpFilter = 1
                $0.rename(Lab.a0, name)
            })
        if let namespace { problem.lab.facts.namespace = NamespaceIdentity(inode: 1, name: namespace) }
        return problem.advice
    }

    private func filterAdvice(_ name: InterfaceName, _ rule: FilterRule, index: UInt32, namespace: String) -> Advice {
        var problem = Problem(
            .netfilter, on: index, of: packet(from: Lab.asymmetric, to: Lab.local),
            in: host {
                $0.facts.links.removeAll { $0.index == index }
                $0.addLink(index, name, kind: "veth", mode: 0)
                $0.facts.namespace = NamespaceIdentity(inode: 1, name: namespace)
            })
        problem.filterRule = rule
        return problem.advice
    }

    @Test(arguments: AdviceCase.nameCases)
    func `the command for a name is the plainest that works`(
        _ expected: (name: InterfaceName, command: String, revert: String)
    ) {
        let advice = advice(expected.name)
        let fix = ([advice.fix] + advice.alternatives).first { $0.id == .interfaceLoose }
        #expect(fix?.commands == [expected.command])
        #expect(fix?.revert == [expected.revert])
    }

    /// Two interfaces, so that a pattern taken for a name would change both.
    private func namespace(with name: InterfaceName) throws -> (Namespace, index: UInt32) {
        let namespace = try Namespace("names")
        let word = ShellWord(quoting: name).text
        try namespace.run([
            "sh", "-c",
            "ip link add \(word) type veth peer name all9 && ip addr add 192.0.2.1/24 dev \(word)"
                + " && ip link set \(word) up && ip link set all9 up",
        ])
        try waitForCarriers(namespace)
        let index = try namespace.run(["sh", "-c", "ip -o link show dev \(word)"])
        return (namespace, UInt32(index.prefix { $0.isNumber }) ?? 0)
    }

    @Test(arguments: names)
    func `sysctls, rules and routes are written for this interface and no other`(_ name: InterfaceName) throws {
        let (namespace, _) = try namespace(with: name)
        // As the described host is.
        let file = "/proc/sys/net/ipv4/conf/\(ShellWord(quoting: name).text)/rp_filter"
        try namespace.run([
            "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > \"$f\"; done; echo 1 > \(file)",
        ])
        let advice = advice(name, namespace: namespace.argument)
        let before = try NamespaceState(of: namespace)
        for fix in [advice.fix] + advice.alternatives where !fix.incomplete {
            for command in fix.commands { try runSuccessfully(["sh", "-c", command]) }
            let changes = before.differences(from: try NamespaceState(of: namespace))
            if fix.id == .interfaceLoose {
                // A name that is not UTF-8 cannot be read back with the others.
                #expect(changes.count == (name.isValidUTF8 ? 1 : 0), "\(changes)")
                #expect(try namespace.run(["sh", "-c", "cat \(file)"]) == "2\n")
            }
            for command in fix.revert { try runSuccessfully(["sh", "-c", command]) }
            #expect(try NamespaceState(of: namespace).differences(from: before) == [], "\(fix.revert)")
        }
    }

    @Test(arguments: names)
    func `nft rules are narrowed for this interface and restored`(_ name: InterfaceName) throws {
        guard isInstalled("nft") else { try Test.cancel("no nft in PATH") }
        let (namespace, index) = try namespace(with: name)
        try namespace.run(
            ["nft", "-f", "-"],
            input: """
                add table inet guard
                add chain inet guard arrival { type filter hook prerouting priority raw; }
                add rule inet guard arrival fib saddr . iif oif missing drop comment "it's $(not) `run`"

                """)
        let rule = FilterRule(
            tool: .nft, family: "inet", table: "guard", chain: "arrival", handle: 2, position: 1,
            text: "fib saddr . iif oif missing drop comment \"it's $(not) `run`\"")
        let fix = filterAdvice(name, rule, index: index, namespace: namespace.argument).fix
        let before = try namespace.run(["nft", "list", "ruleset"])
        for command in fix.commands { try runSuccessfully(["sh", "-c", command]) }
        let during = try namespace.run(["nft", "list", "ruleset"])
        #expect(during != before)
        // As a name that would be a pattern: by its index it is this interface and no other.
        #expect(!during.contains("iifname") || name.bytes.last != UInt8(ascii: "*"))
        for command in fix.revert { try runSuccessfully(["sh", "-c", command]) }
        #expect(try namespace.run(["nft", "list", "ruleset"]) == before)
    }

    @Test(arguments: names)
    func `iptables rules are narrowed for this interface and restored`(_ name: InterfaceName) throws {
        if case .absent(let proof) = try Requirement.rpfilterMatch.probe() { try Test.cancel("\(proof)") }
        let (namespace, index) = try namespace(with: name)
        let words = "-s 203.0.113.0/24 -m rpfilter --invert -m comment --comment"
        try namespace.run(
            ["iptables", "-t", "raw", "-A", "PREROUTING"] + words.split(separator: " ").map(String.init)
                + ["it's \"$(not)\" run\\", "-j", "DROP"])
        let show = ["iptables", "-t", "raw", "-S", "PREROUTING"]
        let before = try namespace.run(show)
        let line = before.split(separator: "\n").last ?? ""
        let rule = FilterRule(
            tool: .iptables(command: "iptables"), family: "ip", table: "raw", chain: "PREROUTING", position: 1,
            text: String(line.dropFirst("-A PREROUTING ".count)))
        let fix = filterAdvice(name, rule, index: index, namespace: namespace.argument).fix
        guard name.bytes.last != UInt8(ascii: "+") else {
            #expect(fix.id == .none && fix.summary.contains("cannot be changed"))
            return
        }
        for command in fix.commands { try runSuccessfully(["sh", "-c", command]) }
        #expect(try namespace.run(show) != before)
        // Once more: the rule at that position is another one now, and stays as it is.
        let narrowed = try namespace.run(show)
        for command in fix.commands { #expect(!(try run(["sh", "-c", command]).succeeded)) }
        #expect(try namespace.run(show) == narrowed)
        for command in fix.revert { try runSuccessfully(["sh", "-c", command]) }
        #expect(try namespace.run(show) == before)
    }
}
