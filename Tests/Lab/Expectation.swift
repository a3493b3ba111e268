// SPDX-License-Identifier: Apache-2.0

/// What has to happen to a scenario's traffic.
package enum Expectation: Sendable {
    /// All of it is let in, and nothing is reported.
    case accepted
    /// All of it is dropped, for one reason.
    case dropped(ExpectedDrop)
}

/// What has to be said about a drop, in the words of the contract.
package struct ExpectedDrop: Sendable {
    package var cause: String
    /// Without `other_netns`, which is true of every scenario.
    package var factors: [String]
    package var interface: String
    package var path: String
    /// rp_filter of `all` and of the interface.
    package var sysctl: (all: Int, interface: Int)
    /// Nil: the check was decided without a reverse lookup, or never reached.
    package var reverse: ExpectedReverse?
    package var certainty: String
    package var fix: ExpectedFix
    /// Fixes that have to be among the alternatives.
    package var alternatives: [String]
    /// rp_filter drops it while it is a frame of a bridge's port, which IPReversePathFilter does not count.
    package var isInBridge: Bool
    /// Recipes (`fix.id`-like words or parts of their commands) that have to be rejected.
    package var rejected: [String]

    package init(
        _ cause: String, on interface: String = "a0", factors: [String] = [], path: String = "input",
        sysctl: (all: Int, interface: Int), reverse: ExpectedReverse? = nil, certainty: String = "inferred",
        fix: ExpectedFix, alternatives: [String] = [], rejected: [String] = [], inBridge: Bool = false
    ) {
        self.cause = cause
        self.factors = factors
        self.interface = interface
        self.path = path
        self.sysctl = sysctl
        self.reverse = reverse
        self.certainty = certainty
        self.fix = fix
        self.alternatives = alternatives
        self.rejected = rejected
        isInBridge = inBridge
    }

    /// True when the rp_filter sysctl drops.
    package var isAttributed: Bool { ["wrong_interface", "no_route", "no_address"].contains(cause) }
}

/// `rpf.reverse`: what the reverse lookup finds.
package struct ExpectedReverse: Sendable {
    package var type: String
    package var interface: String?
    package var gateway: String?
    package var table: Int?
    package var rule: Int?

    /// A route of the main table, as the testbed's own.
    package static func unicast(
        _ interface: String, via gateway: String? = nil, table: Int = 254, rule: Int = 32_766
    ) -> Self {
        Self(type: "unicast", interface: interface, gateway: gateway, table: table, rule: rule)
    }

    /// An own address: the local table.
    package static func local(_ interface: String, table: Int = 255, rule: Int = 0) -> Self {
        Self(type: "local", interface: interface, table: table, rule: rule)
    }

    package static func broadcast(_ interface: String) -> Self {
        Self(type: "broadcast", interface: interface, table: 255, rule: 0)
    }

    package static func blackhole(table: Int = 254, rule: Int = 32_766) -> Self {
        Self(type: "blackhole", table: table, rule: rule)
    }

    package static let none = Self(type: "none")
}

/// The recommended fix.
package struct ExpectedFix: Sendable {
    package var id: String
    /// The effective rp_filter of each interface that it changes, afterwards.
    package var widens: [String: Int]
    /// A gateway is not known: there is nothing to run.
    package var isIncomplete: Bool

    package init(_ id: String, widens: [String: Int] = [:], incomplete: Bool = false) {
        self.id = id
        self.widens = widens
        isIncomplete = incomplete
    }

    package static let none = Self("none")
    /// rp_filter=2 on the interface that dropped.
    package static func interfaceLoose(_ interface: String = "a0") -> Self {
        Self("interface_loose", widens: [interface: 2])
    }
}
