// SPDX-License-Identifier: Apache-2.0
import Lab

/// One network from broken to fixed and back, and the vendor page's three ways on top.
struct Story {
    let lab: Topology
    private let clients: Clients
    private var steps = 0

    init(_ lab: Topology) {
        self.lab = lab
        clients = Clients(client: lab.client, server: lab.host, service: lab.service)
    }

    mutating func tell(_ claims: inout Claims) throws {
        Screen.title(lab.title)
        Screen.show(lab.picture)
        let broken = try NamespaceState(of: lab.host)

        step("rp_filter is strict everywhere (all, default and both NICs at 1). Both clients ask.")
        claims.check("strict mode loses both requests", try ask().none)

        step("rpfwatch traces while they ask again.")
        let before = try trace { claims.check("strict mode loses both requests again", $0.none) }
        guard let finding = before.findings.first else {
            claims.check("rpfwatch finds the problem", false)
            return
        }
        claims.check("there is one finding", before.findings.count == 1)
        claims.check("its cause is wrong_interface", finding.cause == "wrong_interface")
        claims.check("it is on \(lab.ingress)", finding.interface == lab.ingress)
        claims.check("the finding has every drop", finding.drops == before.drops && before.drops >= 2)
        claims.check("the kernel's counter agrees", before.unexplained == 0)

        step("The recommended fix, \(finding.fix.id), with the commands of the report.")
        claims.check("the fix has commands", !finding.fix.commands.isEmpty)
        try perform(finding.fix.commands)

        step("The same clients ask again while rpfwatch traces.")
        let after = try trace { claims.check("with the fix both requests are answered", $0.both) }
        claims.check("with the fix rpfwatch sees no drop", after.drops == 0 && after.findings.isEmpty)
        claims.check("and the kernel's counter agrees", after.unexplained == 0)

        step("What the fix changed, and what not.")
        let fixed = try NamespaceState(of: lab.host)
        compare(fixed, with: broken)
        claims.check(
            "the fix changes the effective mode of no interface but those it says",
            fixed.modeChanges(from: broken) == finding.fix.widens)

        step("The fix undone, with the revert commands of the report.")
        try perform(finding.fix.revert)
        claims.check("the revert restores everything", try NamespaceState(of: lab.host) == broken)
        claims.check("without the fix both requests are lost again", try ask().none)

        step("The three ways out of cloud vendors' help pages, each from the same broken state.")
        for method in VendorMethod.all(ingress: lab.ingress, egress: lab.egress) {
            try demonstrate(method, from: broken, &claims)
        }
    }

    private mutating func step(_ text: String) {
        steps += 1
        Screen.step(steps, text)
    }

    private func ask() throws -> Clients.Answers {
        let answers = try clients.ask()
        Screen.note("tcp \(lab.service):\(Clients.tcpPort)   \(Self.words(answers.tcp))")
        Screen.note("udp \(lab.service):\(Clients.udpPort)   \(Self.words(answers.udp))")
        return answers
    }

    private func trace(_ check: (Clients.Answers) -> Void) throws -> Tracing {
        Screen.command(Tracing.command(lab.host))
        var answers: Clients.Answers?
        let tracing = try Tracing(lab.host) { answers = try ask() }
        Screen.quote(tracing.text)
        if let answers { check(answers) }
        return tracing
    }

    private func perform(_ commands: [String]) throws {
        for command in commands {
            try stopIfInterrupted()
            Screen.command(command)
            try runSuccessfully(["sh", "-c", command])
        }
    }

    private func compare(_ now: NamespaceState, with before: NamespaceState) {
        for name in now.interfaces {
            let change = now.mode(name) == before.mode(name) ? "unchanged" : "-> \(now.mode(name))"
            Screen.note("effective mode of \(name.padded(to: 6)) \(before.mode(name).padded(to: 9)) \(change)")
        }
        let changes = now.listingChanges(from: before)
        if changes.isEmpty { Screen.note("rules, routes, addresses      unchanged") }
        for change in changes { Screen.note(change) }
    }

    private func demonstrate(_ method: VendorMethod, from broken: NamespaceState, _ claims: inout Claims) throws {
        Screen.show("")
        Screen.note("\(method.name): " + method.writes.map { "\($0.name)=\($0.value)" }.joined(separator: ", "))
        for (name, value) in method.writes { try lab.host.setReversePathFilter(value, of: name) }
        let state = try NamespaceState(of: lab.host)
        let changes = state.modeChanges(from: broken).keys.sorted().map { name in
            "\(name) \(broken.mode(name)) -> \(state.mode(name))"
        }
        let answers = try ask()
        Screen.note("effective modes changed: \(changes.isEmpty ? "none" : changes.joined(separator: ", "))")
        Screen.note("=> \(method.remark)")
        let effect = method.helps ? "helps" : "does not help"
        claims.check("\(method.name) \(effect)", method.helps ? answers.both : answers.none)
        claims.check("\(method.name) changes what is said", Set(state.modeChanges(from: broken).keys) == method.changes)
        for (name, _) in method.writes {
            try lab.host.setReversePathFilter(broken.reversePathFilter(name), of: name)
        }
        claims.check("the lab is back in its broken state", try NamespaceState(of: lab.host) == broken)
    }

    private static func words(_ seconds: Double?) -> String {
        guard let seconds else { return "no answer in \(Int(Clients.patience)) s" }
        return "answered after \(Int((seconds * 1_000).rounded(.up))) ms"
    }
}
