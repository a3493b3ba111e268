// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

/// The kinds of fix, narrowest ideas first; the words of `fix.id`.
package enum FixID: String, Sendable, CaseIterable {
    case none
    case route
    case policyRule = "policy_rule"
    case srcValidMark = "src_valid_mark"
    case interfaceLoose = "interface_loose"
    case interfaceAddress = "interface_address"
    case interfaceOff = "interface_off"
    case acceptLocal = "accept_local"
    case removeLocalAddress = "remove_local_address"
    case netfilterRule = "netfilter_rule"
    case arpSysctl = "arp_sysctl"
    case allLoose = "all_loose"
    case allOff = "all_off"
    case persistValue = "persist_value"
}

/// What the simulated check says about the finding's packets with the fix made.
package enum Prediction: String, Sendable {
    case accept, drop, unknown
}

/// A change to the host, as commands to paste, with what it opens and how to take it back.
package struct Fix: Hashable, Sendable {
    /// The persistent form: a sysctl.d file.
    package struct Persistence: Hashable, Sendable {
        /// What the first line of every such file begins with: by it rpfwatch knows its own.
        package static let mark = "# Written for rpfwatch finding "

        package var path: String
        package var content: String
        /// Whose rules the whole set of files was evaluated by, with this one in it: `systemd-sysctl 252`. Nil when it
        /// could not be.
        package var reader: String?
        /// Every value of the fix comes out as the fix wants it, at boot and for an interface that is created again, and no
        /// daemon of this host is known to set it otherwise.
        package var isProven: Bool
        /// What comes of the files, for every interface and each key that the fix sets.
        package var proof: [ProofLine]

        package init(
            path: String, content: String, reader: String? = nil, isProven: Bool = false, proof: [ProofLine] = []
        ) {
            self.path = path
            self.content = content
            self.reader = reader
            self.isProven = isProven
            self.proof = proof
        }
    }

    /// The values of one sysctl: raw, not combined with `all`.
    package struct ProofLine: Hashable, Sendable {
        /// An interface, `all` or `default`.
        package var interface: InterfaceName
        package var key: InterfaceSysctl
        /// In force now.
        package var now: Int32
        /// After a boot with the files as they are.
        package var before: Int32
        /// After a boot with the file of the fix.
        package var atBoot: Int32
        /// When the interface is created again, with the file of the fix; nil for `all` and `default`.
        package var createdAgain: Int32?

        package init(
            interface: InterfaceName, key: InterfaceSysctl, now: Int32, before: Int32, atBoot: Int32,
            createdAgain: Int32?
        ) {
            self.interface = interface
            self.key = key
            self.now = now
            self.before = before
            self.atBoot = atBoot
            self.createdAgain = createdAgain
        }
    }

    /// How many of the drops whose detail was received the fix would let in.
    package struct Admission: Hashable, Sendable {
        package var packets: UInt64
        package var of: UInt64

        package init(packets: UInt64, of: UInt64) {
            self.packets = packets
            self.of = of
        }
    }

    /// An interface whose effective rp_filter the commands change.
    package struct Widening: Hashable, Sendable {
        package var interface: InterfaceName
        package var before: Int32
        package var after: Int32

        package init(interface: InterfaceName, before: Int32, after: Int32) {
            self.interface = interface
            self.before = before
            self.after = after
        }
    }

    package var id: FixID
    /// One sentence: what it does and why it is enough; for `none` why nothing should be changed.
    package var summary: String
    /// Complete shell commands, run as root from the host; empty for `none`.
    package var commands: [String]
    /// Restores every readable value, in the order to run them.
    package var revert: [String]
    /// The same as `commands`, as the kernel's interfaces take it. Empty for `none`, for an incomplete fix, and for one that
    /// was read from a file: a file is no reason to change a host.
    package var changes: [HostChange]
    package var persist: Persistence?
    package var predicted: Prediction
    package var admits: Admission
    package var widens: [Widening]
    package var sideEffects: [String]
    /// A placeholder (an unknown gateway) remains in the commands.
    package var incomplete: Bool

    package init(
        id: FixID, summary: String, commands: [String] = [], revert: [String] = [],
        changes: [HostChange] = [], persist: Persistence? = nil, predicted: Prediction, admits: Admission,
        widens: [Widening] = [], sideEffects: [String] = [], incomplete: Bool = false
    ) {
        self.id = id
        self.summary = summary
        self.commands = commands
        self.revert = revert
        self.changes = changes
        self.persist = persist
        self.predicted = predicted
        self.admits = admits
        self.widens = widens
        self.sideEffects = sideEffects
        self.incomplete = incomplete
    }
}

/// A commonly copied recipe that would not work here, or opens more than needed.
package struct RejectedRecipe: Hashable, Sendable {
    package var recipe: String
    package var commands: [String]
    package var reason: String

    package init(recipe: String, commands: [String], reason: String) {
        self.recipe = recipe
        self.commands = commands
        self.reason = reason
    }
}

/// What to do about a finding.
package struct Advice: Hashable, Sendable {
    package var fix: Fix
    /// Other fixes that would work, in the order of preference.
    package var alternatives: [Fix]
    package var rejected: [RejectedRecipe]
    /// The facts that by themselves decided against the packets.
    package var singleFacts: [SingleFact]

    package init(
        fix: Fix, alternatives: [Fix] = [], rejected: [RejectedRecipe] = [], singleFacts: [SingleFact] = []
    ) {
        self.fix = fix
        self.alternatives = alternatives
        self.rejected = rejected
        self.singleFacts = singleFacts
    }
}
