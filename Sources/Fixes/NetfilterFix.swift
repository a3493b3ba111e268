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
        let summary =
            "Exempt \(interface) from the rule in chain \(rule.placeName) that dropped: "
            + (finding.isIPv6
                ? "there is no rp_filter sysctl for IPv6." : "the sysctl has no part in it.")
        var effects: [String] = []
        switch exemption.method {
        case .narrow, .passBefore: break
        case .delete: effects.append("The rule is for \(interface) alone, so it is removed.")
        case .returnBefore:
            effects.append("Packets from \(interface) also skip what follows in that chain.")
        }
        effects.append(
            rule.manager?.setting
                ?? "A firewall manager that owns the rule writes it again when it reloads; exempt \(interface) there too."
        )
        let change = Change.exemptFromFilter(exemption)
        guard !finding.isIPv6 else {
            let unchecked = "Nothing checks the sources of IPv6 packets on \(interface) then."
            return [FixCandidate(.netfilterRule, summary, [change], sideEffects: [unchecked] + effects)]
        }
        let checked = "\(interface) is then checked by rp_filter alone, which is \(modeName(effective.rpFilter)) there."
        let plain = FixCandidate(.netfilterRule, summary, [change], sideEffects: [checked] + effects)
        guard isStrict else { return [plain] }
        let loose = FixCandidate(
            .netfilterRule,
            summary
                + " The kernel's own check is strict and would refuse these packets next, so it becomes loose there.",
            [change, .set(.interface(ingress.index), .rpFilter, 2)], sideEffects: effects)
        return [plain, loose]
    }

    /// Why no rule can be exempted, and how to go on.
    var reasonForNoExemption: String {
        let attribution = finding.attribution
        guard let rule = attribution.filterRule else {
            guard attribution.filterSuspects.count > 1 else { return NoFix.unknownFilterRule }
            let places = attribution.filterSuspects.map { "rule \($0.position) of chain \($0.placeName)" }
            return "Not the rp_filter sysctl: a packet filter rule dropped these packets, and any of"
                + " \(listing(places, limit: 4)) may have. \(NoFix.filterTrace)"
        }
        let place = "rule \(rule.position) of chain \(rule.placeName)"
        let start = "Not the rp_filter sysctl: \(place) dropped, and"
        if rule.isLocked {
            return "\(start) only the program that owns its table may change it."
                + (rule.manager.map { " \($0.setting)" } ?? "")
                + (rule.manager == .firewalld
                    ? " With NftablesTableOwner=no in the same file others may change its table too." : "")
        }
        return "\(start) it cannot be changed for \(interface) alone by a command."
    }
}

extension FilterRule {
    /// `raw PREROUTING of iptables`, `inet firewalld filter_PREROUTING of nftables`; fit for a terminal.
    fileprivate var placeName: String {
        switch tool {
        case .nft where family == "ip": "\(terminalSafe("\(table) \(chain)")) of nftables"
        case .nft: "\(terminalSafe("\(family) \(table) \(chain)")) of nftables"
        case .iptables(let command): "\(terminalSafe("\(table) \(chain)")) of \(terminalSafe(command))"
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
