// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

extension Situation {
    /// The rule that dropped, no longer applied to the ingress interface; with loose mode as well where the kernel's
    /// own check would be the next to refuse.
    var filterExemptions: [FixCandidate] {
        guard let rule = finding.attribution.filterRule, let exemption = FilterExemption(of: rule, for: ingress) else {
            return []
        }
        let place = "\(terminalSafeChain(rule)) of \(tool(rule))"
        let summary = "Exempt \(interface) from the rule in chain \(place) that dropped: the sysctl has no part in it."
        var effects = [
            "\(interface) is then checked by rp_filter alone, which is \(modeName(effective.rpFilter)) there."
        ]
        switch exemption.method {
        case .narrow: break
        case .delete: effects.append("The rule is for \(interface) alone, so it is removed.")
        case .returnBefore:
            effects.append("Packets from \(interface) also skip what follows in that chain.")
        }
        effects.append(
            "A firewall manager that owns the rule writes it again when it reloads; exempt \(interface) there too.")
        let change = Change.exemptFromFilter(exemption)
        let plain = FixCandidate(.netfilterRule, summary, [change], sideEffects: effects)
        guard isStrict else { return [plain] }
        let loose = FixCandidate(
            .netfilterRule,
            summary
                + " The kernel's own check is strict and would refuse these packets next, so it becomes loose there.",
            [change, .set(.interface(ingress.index), .rpFilter, 2)], sideEffects: Array(effects.dropFirst()))
        return [plain, loose]
    }

    private func terminalSafeChain(_ rule: FilterRule) -> String { terminalSafe("\(rule.table) \(rule.chain)") }

    private func tool(_ rule: FilterRule) -> String {
        switch rule.tool {
        case .nft: "nftables"
        case .iptables(let command): terminalSafe(command)
        }
    }
}

/// An rp_filter value in words.
func modeName(_ value: Int32) -> String {
    switch value {
    case 0: "off (0)"
    case 1: "strict (1)"
    default: "loose (\(value))"
    }
}
