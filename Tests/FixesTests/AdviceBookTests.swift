// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Testing

@Suite struct AdviceBookTests {
    private typealias Host = ModelLab.Lab
    private static let problem = Problem(
        .wrongInterface, of: packet(from: Host.asymmetric, to: Host.local), in: host { $0[Host.a0].rpFilter = 1 })

    @Test func `advice stands while nothing changes`() {
        var book = AdviceBook()
        let first = book.advice(on: Self.problem.finding, model: Self.problem.lab.model)
        #expect(first == Self.problem.advice)
        let second = book.advice(on: Self.problem.finding, model: nil)
        #expect(second == first)
        for model in [Self.problem.lab.model, nil] {
            let isAnother = book.reconsider(Self.problem.finding, model: model)
            #expect(!isAnother)
        }
    }

    @Test func `a change that calls for another fix renews the advice`() {
        var book = AdviceBook()
        let first = book.advice(on: Self.problem.finding, model: Self.problem.lab.model)
        var changed = Self.problem
        changed.lab.unroute("203.0.113.0/25")
        let isAnother = book.reconsider(Self.problem.finding, model: changed.lab.model)
        #expect(isAnother)
        let second = book.advice(on: Self.problem.finding, model: nil)
        #expect(second.fix.commands != first.fix.commands)
    }

    @Test func `a change that lets the packets in leaves the advice that led to it`() {
        var book = AdviceBook()
        let first = book.advice(on: Self.problem.finding, model: Self.problem.lab.model)
        var changed = Self.problem
        changed.lab[Host.a0].rpFilter = 0
        let isAnother = book.reconsider(Self.problem.finding, model: changed.lab.model)
        #expect(!isAnother)
        let second = book.advice(on: Self.problem.finding, model: nil)
        #expect(second == first)
    }

    @Test func `a packet filter rule that was written anew gets another command`() {
        var book = AdviceBook()
        var filtered = Problem(.netfilter, of: packet(from: Host.asymmetric, to: Host.local), in: Host())
        filtered.filterRule = FilterRule(
            tool: .nft, family: "inet", table: "firewalld", chain: "raw_PREROUTING", handle: 7, position: 1,
            text: "fib saddr . iif oif missing drop")
        let first = book.advice(on: filtered.finding, model: filtered.lab.model)
        let isSame = book.reconsider(filtered.finding, model: filtered.lab.model)
        #expect(!isSame && first.fix.commands.first?.contains("handle 7") == true)
        filtered.filterRule?.handle = 70
        let isAnother = book.reconsider(filtered.finding, model: filtered.lab.model)
        #expect(isAnother)
        let second = book.advice(on: filtered.finding, model: nil)
        #expect(second.fix.commands.first?.contains("handle 70") == true)
    }

    @Test func `other packets outgrow the advice, and nothing outgrows what was never given`() {
        var book = AdviceBook()
        #expect(!book.isOutgrown(by: Self.problem.finding))
        let isAnother = book.reconsider(Self.problem.finding, model: Self.problem.lab.model)
        #expect(!isAnother)
        _ = book.advice(on: Self.problem.finding, model: Self.problem.lab.model)
        #expect(!book.isOutgrown(by: Self.problem.finding))
        var grown = Self.problem
        grown.packets.append(packet(from: Host.unrouted, to: Host.local))
        #expect(book.isOutgrown(by: grown.finding))
    }
}
