// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Testing

/// What must not be advised, or not without saying what it does.
@Suite struct RestraintTests {
    private static let forged = packet(from: address("169.254.7.7"), to: Lab.local)
    private static let ordinary = packet(from: Lab.asymmetric, to: Lab.local)

    private func advice(_ factors: [Factor] = [], _ packets: [(Packet, UInt64)]) -> Advice {
        var problem = Problem(
            .wrongInterface, factors, of: Self.ordinary,
            in: host { lab in
                lab[Lab.a0].rpFilter = 1
                lab.route("default", via: "198.51.100.2", Lab.b0)
            })
        problem.packets = packets.map(\.0)
        var finding = problem.finding
        for index in finding.samples.indices { finding.samples[index].count = packets[index].1 }
        return advise(on: finding, model: problem.lab.model)
    }

    @Test func `nothing is advised for forged packets, whether the last one had the factor or not`() {
        for factors in [[], [Factor.spoofSuspected]] {
            let fix = advice(factors, [(Self.forged, 9), (Self.ordinary, 1)]).fix
            #expect(fix.id == .none && fix.predicted == .drop)
            #expect(fix.summary.contains("169.254.7.7 is in a block that no router passes on"), "\(fix.summary)")
        }
    }

    @Test func `a few forged packets do not keep the others from their fix, which says that it lets them in`() {
        let fix = advice([], [(Self.forged, 1), (Self.ordinary, 9)]).fix
        #expect(fix.id == .interfaceLoose)
        #expect(fix.sideEffects.contains { $0.contains("169.254.7.7 too, which look forged") }, "\(fix.sideEffects)")
        let clean = advice([], [(Self.ordinary, 9)]).fix
        #expect(!clean.sideEffects.contains { $0.contains("forged") })
    }

    @Test func `what changes every interface names every interface`() throws {
        let problem = Problem(
            .wrongInterface, of: Self.ordinary,
            in: host { lab in
                lab[Lab.a0].rpFilter = 1
                for index in 10..<30 as Range<UInt32> {
                    lab.addLink(index, InterfaceName("eth\(index)"), kind: "veth", mode: index == 10 ? 1 : 0)
                }
            })
        let loose = try #require(problem.advice.alternatives.first { $0.id == .allLoose })
        let sentence = try #require(loose.sideEffects.first { $0.hasPrefix("Turns the check on for") })
        for index in 11..<30 {
            #expect(sentence.contains("eth\(index)"))
            #expect(loose.widens.contains { $0.interface == InterfaceName("eth\(index)") && $0.before == 0 })
        }
        #expect(sentence.contains("b0") && !sentence.contains("eth10,") && !sentence.contains("more"))
        #expect(loose.widens.contains { $0.interface == "eth10" && $0.before == 1 && $0.after == 2 })
    }

    @Test(arguments: AdviceCase.all)
    func `the mark is never counted everywhere, and nothing for all interfaces is recommended`(_ tried: AdviceCase) {
        let advice = tried.problem().advice
        #expect(![.allLoose, .allOff].contains(advice.fix.id))
        for fix in [advice.fix] + advice.alternatives {
            #expect(!fix.commands.contains { $0.contains("all.src_valid_mark=1") })
            if fix.id == .allLoose { #expect(!fix.widens.isEmpty && !fix.sideEffects.isEmpty) }
        }
    }
}
