// SPDX-License-Identifier: Apache-2.0

/// A packet filter rule that checks the reverse path by itself: iptables' `rpfilter` match or an nft `fib` expression.
package struct FilterRule: Hashable, Sendable {
    package enum Tool: Hashable, Sendable {
        /// A native nftables rule; changed with `nft`.
        case nft
        /// A rule of iptables (`iptables`, `ip6tables-legacy`, …: the command that shows it).
        case iptables(command: String)
    }

    /// What drops the packets that fail the check of a rule that only lets pass what does not.
    package enum Dropper: Hashable, Sendable {
        /// A rule without conditions further on in the chain.
        case rule(position: Int, text: String)
        /// The chain's policy.
        case policy
    }

    /// Where the chain is called from.
    package struct Place: Hashable, Sendable {
        /// `ingress`, `prerouting`, `input`, `forward`, `output` or `postrouting`.
        package var hook: String
        /// The smaller the earlier.
        package var priority: Int

        package init(hook: String, priority: Int) {
            self.hook = hook
            self.priority = priority
        }
    }

    package var tool: Tool
    /// `ip`, `ip6`, `inet`, `netdev`; that of the command for iptables.
    package var family: String
    package var table: String
    package var chain: String
    /// nft's handle; nil for iptables.
    package var handle: UInt64?
    /// The position in the chain, from 1: what `iptables -R` takes.
    package var position: Int
    /// The rule as its tool writes it, without handle and without `-A CHAIN`.
    package var text: String
    /// Nil when the rule itself drops what fails, or when nothing is seen that does.
    package var dropper: Dropper?
    /// The rules that lead to the chain, from the first on; nil when there are none or several ways.
    package var way: [String]?
    /// Nil when it is not known.
    package var place: Place?
    /// A running program owns the table, and nobody else can change it (nft's `flags owner`).
    package var isLocked: Bool

    package init(
        tool: Tool, family: String, table: String, chain: String, handle: UInt64? = nil, position: Int, text: String,
        dropper: Dropper? = nil, way: [String]? = nil, place: Place? = nil, isLocked: Bool = false
    ) {
        self.tool = tool
        self.family = family
        self.table = table
        self.chain = chain
        self.handle = handle
        self.position = position
        self.text = text
        self.dropper = dropper
        self.way = way
        self.place = place
        self.isLocked = isLocked
    }
}
