// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import Routing

extension Situation {
    /// Let the reverse lookup use the packets' mark on the ingress interface, where that is what finds the right route.
    var countMark: FixCandidate? {
        guard let mark, !effective.srcValidMark, !facts.mayLeadToLocalTable(mark) else { return nil }
        let others = facts.proxiedMarks
        let harm =
            others.isEmpty
            ? []
            : [
                "A rule sends packets with the mark \(listing(others.map(hexadecimal), limit: 3)) to a local table, as TPROXY"
                    + " needs: such packets on \(interface) are then refused, as their sources look like this host's own."
            ]
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
            ] + harm, isRisky: !harm.isEmpty)
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
}

/// A mark as `ip rule` writes it.
func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
