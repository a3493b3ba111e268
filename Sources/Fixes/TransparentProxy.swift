// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension NetworkFacts {
    /// Whether rules may lead a packet with this mark, and not one without, to a table that makes foreign addresses local,
    /// as TPROXY needs (`ip route add local default dev lo table 100`). Counted in the reverse lookup, such a mark makes every
    /// source look like one of this host's own addresses.
    ///
    /// Of a rule's selectors only the mark is looked at: what the others would say to another packet is not known.
    func mayLeadToLocalTable(_ mark: UInt32) -> Bool {
        // An interface's own addresses in the table of a VRF come from the kernel and make nothing foreign local.
        let kernel: UInt8 = 2  // RTPROT_KERNEL
        let localTables = Set(
            routes.filter { $0.kind == .local && $0.origin != kernel && $0.table != Route.Table.local }.map(\.table))
        guard !localTables.isEmpty else { return false }
        let reached = tablesReached(withMark: mark).intersection(localTables)
        return !reached.isSubset(of: tablesReached(withMark: 0))
    }

    /// The marks that rules select on and may lead to such a table.
    var proxiedMarks: [UInt32] {
        Set(rules.filter { $0.markMask != 0 }.map(\.mark)).filter(mayLeadToLocalTable).sorted()
    }

    /// The tables that rules may look a packet with this mark up in, following every goto.
    private func tablesReached(withMark mark: UInt32) -> Set<UInt32> {
        let rules = rules.sorted { $0.priority < $1.priority }
        var tables: Set<UInt32> = []
        var open = [0]
        var seen: Set<Int> = []
        while let position = open.popLast() {
            guard position < rules.count, seen.insert(position).inserted else { continue }
            let rule = rules[position]
            let match = rule.match(mark: mark)
            var goesOn = true
            switch rule.action {
            case _ where match == .never: break
            case .lookup(let table): tables.insert(table)
            case .goto(let priority?):
                if let target = rules.firstIndex(where: { $0.priority >= priority }) { open.append(target) }
                goesOn = match != .always
            case .blackhole, .unreachable, .prohibit: goesOn = match != .always
            case .goto(nil), .nop: break
            }
            if goesOn { open.append(position + 1) }
        }
        return tables
    }
}

extension Rule {
    fileprivate enum Match { case never, maybe, always }

    /// What the mark alone decides (`net/core/fib_rules.c`, fib_rule_match: `not` turns the whole rule around).
    fileprivate func match(mark: UInt32) -> Match {
        let selectsMore =
            from != nil || to != nil || inputInterface != nil || outputInterface != nil || tos != 0 || tosMask != 0x1C
            || transport != nil || sourcePorts != nil || destinationPorts != nil || userIDs != nil || tunnelKey != nil
            || isL3Master
        guard (mark ^ self.mark) & markMask == 0 else { return isInverted ? .always : .never }
        return selectsMore ? .maybe : isInverted ? .never : .always
    }
}
