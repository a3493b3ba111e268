// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A policy rule with its interface names and jump resolved, ready to be matched.
struct RuleEntry: Sendable {
    /// An `iif` or `oif` selector.
    enum InterfaceSelector: Sendable {
        case any
        case interface(UInt32)
        /// A VRF device: selects what belongs to its VRF.
        case vrf(UInt32)
        /// No interface has the name now.
        case detached
    }

    let rule: Rule
    let input: InterfaceSelector
    let output: InterfaceSelector
    /// The entry to go on with; nil when the rule jumps nowhere.
    let jump: Int?
    /// The table that the rule names, if it has routes; nil for a rule that leaves it to the packet's VRF.
    let table: RouteTable?

    /// Whether the rule applies (`net/core/fib_rules.c`, fib_rule_match; `net/ipv4/fib_rules.c`, fib4_rule_match).
    /// `outputDecidesVRF` is set when the key's VRF was taken from its output interface.
    func matches(_ key: LookupKey, outputDecidesVRF: Bool) -> Bool {
        selects(key, outputDecidesVRF: outputDecidesVRF) != rule.isInverted
    }

    private func selects(_ key: LookupKey, outputDecidesVRF: Bool) -> Bool {
        switch input {
        case .any: break
        case .interface(let index): if key.inputInterface != index { return false }
        case .vrf(let index): if outputDecidesVRF || key.vrf != index { return false }
        case .detached: return false
        }
        switch output {
        case .any: break
        case .interface(let index): if key.outputInterface != index { return false }
        case .vrf(let index): if !outputDecidesVRF || key.vrf != index { return false }
        case .detached: return false
        }
        if (rule.mark ^ key.mark) & rule.markMask != 0 { return false }
        // The lookups of the source check and of replies carry no tunnel key.
        if let tunnelKey = rule.tunnelKey, tunnelKey != 0 { return false }
        if rule.isL3Master && key.vrf == 0 { return false }
        if let userIDs = rule.userIDs, !userIDs.contains(key.userID) { return false }
        if let from = rule.from, !from.contains(key.source) { return false }
        if let to = rule.to, !to.contains(key.destination) { return false }
        if rule.tosMask == Self.legacyTOSMask {
            // Old kernels take a rule with bits outside of the mask; it never matches.
            if rule.tos != 0 && rule.tos != key.tos & Self.legacyTOSMask { return false }
        } else if (rule.tos ^ key.tos) & rule.tosMask != 0 {
            return false
        }
        if let transport = rule.transport, transport != key.transport { return false }
        if let ports = rule.sourcePorts, !ports.contains(key.sourcePort) { return false }
        if let ports = rule.destinationPorts, !ports.contains(key.destinationPort) { return false }
        return true
    }

    /// The bits that `tos` selectors of rules and routes are compared in.
    static let legacyTOSMask: UInt8 = 0x1C
}
