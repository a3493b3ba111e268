// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Routing

extension Situation {
    /// Let the reverse lookup use the packets' mark on the ingress interface, where that is what finds the right route.
    var countMark: FixCandidate? {
        guard let mark, !effective.srcValidMark, !sendsToLocalTable(mark) else { return nil }
        return FixCandidate(
            .srcValidMark,
            "Count the packets' mark \(hexadecimal(mark)) in the reverse lookup on \(interface) alone: with it the"
                + " lookup leads back through \(interface), and the check stays strict.",
            [.set(.interface(ingress.index), .srcValidMark, 1)],
            sideEffects: [
                "Replies take the same way only if they carry the mark too, which takes a connection mark that is"
                    + " restored on output, or net.ipv4.tcp_fwmark_accept.",
                "Packets on \(interface) that carry another mark are then also looked up with it;"
                    + " an unmarked packet is looked up as before.",
            ])
    }

    /// The opposite: ignore the mark again where it leads the lookup astray. When the setting comes from `all`, every
    /// other interface keeps it as its own.
    var ignoreMark: FixCandidate? {
        guard let mark, effective.srcValidMark else { return nil }
        var changes: [Change] = []
        if all.srcValidMark {
            let others = facts.links.map(\.index).filter { $0 != ingress.index }.sorted()
            changes += others.map { .set(.interface($0), .srcValidMark, 1) }
            changes += [.set(.default, .srcValidMark, 1), .set(.all, .srcValidMark, 0)]
        }
        changes.append(.set(.interface(ingress.index), .srcValidMark, 0))
        let place = all.srcValidMark ? "all (every other interface keeps it as its own)" : interface
        return FixCandidate(
            .srcValidMark,
            "Take src_valid_mark off \(place): without the mark \(hexadecimal(mark)) the reverse lookup no longer goes"
                + " wrong on \(interface).",
            changes,
            sideEffects: [
                "Packets on \(interface) whose reply leaves by a mark rule are then checked against the routes for"
                    + " unmarked packets."
            ])
    }

    /// A rule sends this mark to a table where everything is local, as TPROXY does: counting the mark would make every
    /// source look like one of this host's own addresses.
    private func sendsToLocalTable(_ mark: UInt32) -> Bool {
        facts.rules.contains { rule in
            guard rule.markMask != 0, (mark & rule.markMask == rule.mark) != rule.isInverted,
                case .lookup(let table) = rule.action, table != Route.Table.local
            else { return false }
            return facts.routes.contains { $0.table == table && $0.kind == .local }
        }
    }
}

/// A mark as `ip rule` writes it.
func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
