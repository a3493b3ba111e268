// SPDX-License-Identifier: Apache-2.0
import Attribution
import Fixes
import Lab
import Packets
import Testing

@Suite struct AdviceTests {
    @Test(arguments: AdviceCase.all)
    func `the narrowest fix comes first, word for word`(_ expected: AdviceCase) {
        let fix = expected.problem().advice.fix
        #expect(fix.id == expected.id)
        #expect(fix.commands == expected.commands)
        #expect(fix.revert == expected.revert)
        #expect(fix.predicted == expected.predicted)
        #expect(fix.widensText == expected.widens)
        for sentence in expected.says {
            #expect(fix.sentences.contains { $0.contains(sentence) }, "\(sentence) is not in \(fix.sentences)")
        }
    }

    @Test(arguments: AdviceCase.all)
    func `what else would work is named in order`(_ expected: AdviceCase) {
        #expect(expected.problem().advice.alternatives.map(\.id) == expected.alternatives)
    }

    @Test(arguments: AdviceCase.all)
    func `copied recipes are rejected with what they would do here`(_ expected: AdviceCase) {
        let rejected = expected.problem().advice.rejected
        for (recipe, reason) in expected.rejected {
            let found = rejected.first { $0.recipe.hasPrefix(recipe) }
            #expect(found != nil, "\(recipe) is not among \(rejected.map(\.recipe))")
            #expect(found?.reason.contains(reason) ?? false, "\(found?.reason ?? "")")
        }
    }

    @Test(arguments: AdviceCase.all)
    func `every fix says how much it admits, and takes back all it does`(_ expected: AdviceCase) {
        let problem = expected.problem()
        let advice = problem.advice
        for fix in [advice.fix] + advice.alternatives {
            let isSimulated = fix.id != .none
            #expect(fix.admits.of == problem.finding.detailed)
            #expect(fix.admits.packets == (isSimulated ? problem.finding.detailed : 0))
            #expect(fix.commands.count == fix.revert.count)
            #expect(fix.incomplete == fix.commands.contains { $0.contains("GATEWAY") })
            if fix.incomplete { #expect(fix.predicted == .unknown) }
            if fix.id == .none { #expect(fix.commands.isEmpty) }
        }
        if problem.cause?.isAttributed ?? false && expected.id != .none {
            let vendor = ["loose for all interfaces", "off for this interface", "off for all interfaces"]
            let recipes = advice.rejected.map(\.recipe)
            #expect(vendor.allSatisfy { name in recipes.contains { $0.hasPrefix(name) } }, "\(recipes)")
        }
    }

    @Test(arguments: AdviceCase.all)
    func `every command is one a shell can read, and every text one a terminal can show`(_ expected: AdviceCase) throws
    {
        let advice = expected.problem().advice
        let fixes = [advice.fix] + advice.alternatives
        let commands = fixes.flatMap { $0.commands + $0.revert } + advice.rejected.flatMap(\.commands)
        for command in commands {
            #expect(!command.contains("\n"))
            let result = try run(["sh", "-n", "-c", command])
            #expect(result.succeeded, "\(command): \(result.standardError)")
        }
        let texts = commands + fixes.flatMap(\.sentences) + advice.rejected.flatMap { [$0.recipe, $0.reason] }
        for text in texts {
            let shown = terminalSafe(text).split(separator: "\\\\", omittingEmptySubsequences: false)
            #expect(shown.joined(separator: "\\") == text)
        }
    }

    @Test(arguments: AdviceCase.all)
    func `sysctl fixes of the initial namespace come with a file that sorts last`(_ expected: AdviceCase) {
        let advice = expected.problem().advice
        for fix in [advice.fix] + advice.alternatives {
            let areSysctls = !fix.commands.isEmpty && fix.commands.allSatisfy { $0.hasPrefix("sysctl -w ") }
            #expect((fix.persist != nil) == areSysctls, "\(fix.commands)")
            guard let persist = fix.persist else { continue }
            #expect(persist.path.hasPrefix("/etc/sysctl.d/zz-rpfwatch-"))
            #expect(persist.content.split(separator: "\n").filter { !$0.hasPrefix("#") }.count == fix.commands.count)
        }
    }
}
