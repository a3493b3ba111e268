// SPDX-License-Identifier: Apache-2.0
import Facts

/// The chains of one table, as far as they matter to rules that check the reverse path: what leads to a chain, and what
/// happens to a packet that such a rule does not take.
///
/// Names and texts are slices of what the tool wrote, which may be megabytes.
struct FilterChains {
    typealias Name = ArraySlice<UInt8>

    /// What a rule does about the reverse path.
    enum Check {
        /// It drops what fails.
        case drops
        /// It lets pass what passes.
        case passes
        /// It sends to another chain what fails.
        case sends
    }

    struct Rule {
        var position: Int
        var handle: UInt64?
        /// Without the number behind it, lines in their order.
        var lines: [ArraySlice<UInt8>]
        var check: Check?
        /// A rule without conditions that drops or rejects.
        var isDrop: Bool
        /// Chains that it leads to.
        var targets: [Name]
    }

    struct Chain {
        var place: FilterRule.Place?
        var policyDrops = false
        /// A user's chain that nothing leads to is never run.
        var isUserDefined = false
        var rules: [Rule] = []
    }

    let tool: FilterRule.Tool
    let family: String
    let table: String
    var isLocked = false
    /// Chains may be led to in ways that are not seen here (the verdict maps of nft).
    var hasHiddenWays = false
    private var chains: [Name: Chain] = [:]
    private var order: [Name] = []

    init(tool: FilterRule.Tool, family: String, table: String) {
        self.tool = tool
        self.family = family
        self.table = table
    }

    subscript(name: Name) -> Chain {
        get { chains[name] ?? Chain() }
        set {
            if chains[name] == nil { order.append(name) }
            chains[name] = newValue
        }
    }

    /// The rules that check the reverse path and may drop a packet for it, chain by chain.
    func reversePathRules(_ text: (Rule) -> String) -> [FilterRule] {
        guard chains.values.contains(where: { $0.rules.contains { $0.check != nil } }) else { return [] }
        let callers = callers
        return order.flatMap { name -> [FilterRule] in
            let chain = self[name]
            let isNeverRun = chain.isUserDefined && !hasHiddenWays && callers[name] == nil
            guard !isNeverRun else { return [] }
            let (way, place) = wayTo(name, callers, text)
            return chain.rules.compactMap { rule in
                guard let check = rule.check else { return nil }
                if check == .sends && !rule.targets.contains(where: drops) { return nil }
                return FilterRule(
                    tool: tool, family: family, table: table, chain: String(decoding: name, as: UTF8.self),
                    handle: rule.handle, position: rule.position, text: text(rule),
                    dropper: check == .passes ? dropper(behind: rule, in: chain, text) : nil, way: way, place: place,
                    isLocked: isLocked)
            }
        }
    }

    /// What drops in the chain whatever gets past the rule.
    private func dropper(behind rule: Rule, in chain: Chain, _ text: (Rule) -> String) -> FilterRule.Dropper? {
        if let drop = chain.rules.first(where: { $0.isDrop && $0.position > rule.position }) {
            return .rule(position: drop.position, text: text(drop))
        }
        return chain.policyDrops ? .policy : nil
    }

    private func drops(_ name: Name) -> Bool { self[name].rules.contains(where: \.isDrop) }

    private typealias Caller = (chain: Name, rule: Rule)

    private var callers: [Name: [Caller]] {
        var result: [Name: [Caller]] = [:]
        for (name, chain) in chains {
            for rule in chain.rules {
                for target in rule.targets { result[target, default: []].append((name, rule)) }
            }
        }
        return result
    }

    /// The rules that lead to a chain, when there is one way, and where that begins.
    private func wayTo(
        _ name: Name, _ callers: [Name: [Caller]], _ text: (Rule) -> String
    ) -> (way: [String]?, place: FilterRule.Place?) {
        var way: [String] = []
        var name = name
        // The kernel has no deeper jumps (NFT_JUMP_STACK_SIZE).
        for _ in 0..<16 {
            if let place = self[name].place { return (way, place) }
            guard let caller = callers[name]?.first, callers[name]?.count == 1 else { break }
            way.insert(text(caller.rule), at: 0)
            name = caller.chain
        }
        return (nil, nil)
    }
}
