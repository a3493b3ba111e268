// SPDX-License-Identifier: Apache-2.0
package import Packets

/// A policy routing rule (rtnetlink RTM_NEWRULE, IPv4). A nil selector matches everything.
package struct Rule: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Look the packet up in a table. Table 0 together with `isL3Master` is the table of the packet's VRF.
        case lookup(table: UInt32)
        /// Go on at the rule of this priority; nil when no such rule exists (the rule is then skipped).
        case goto(priority: UInt32?)
        case nop
        case blackhole
        case unreachable
        case prohibit
    }

    package var priority: UInt32
    package var from: IPv4Prefix?
    package var to: IPv4Prefix?
    package var inputInterface: InterfaceName?
    package var outputInterface: InterfaceName?
    package var mark: UInt32
    /// 0 when the rule does not select on the mark.
    package var markMask: UInt32
    /// Legacy TOS or DSCP selector in the bits of the TOS octet; 0 matches any, unless `tosMask` says that it is a DSCP.
    package var tos: UInt8
    /// Bits of the TOS octet that `tos` is compared in: 0x1C without selector and for `tos`; 0xFC, or FRA_DSCP_MASK in the
    /// octet's position, for `dscp` (FRA_DSCP), which can select DSCP 0 too.
    package var tosMask: UInt8
    package var transport: IPProtocol?
    package var sourcePorts: ClosedRange<UInt16>?
    package var destinationPorts: ClosedRange<UInt16>?
    package var userIDs: ClosedRange<UInt32>?
    /// A tunnel-key selector: never matches the reverse lookup, whose key is 0.
    package var tunnelKey: UInt64?
    package var isL3Master: Bool
    package var isInverted: Bool
    package var suppressPrefixLength: Int32?
    package var suppressInterfaceGroup: Int32?
    /// FRA_FLOW is set: the namespace uses realms, which turns the full check on at rp_filter 0.
    package var hasRealm: Bool
    package var action: Action

    package init(
        priority: UInt32, from: IPv4Prefix? = nil, to: IPv4Prefix? = nil, inputInterface: InterfaceName? = nil,
        outputInterface: InterfaceName? = nil, mark: UInt32 = 0, markMask: UInt32 = 0, tos: UInt8 = 0,
        tosMask: UInt8 = 0x1C, transport: IPProtocol? = nil, sourcePorts: ClosedRange<UInt16>? = nil,
        destinationPorts: ClosedRange<UInt16>? = nil, userIDs: ClosedRange<UInt32>? = nil, tunnelKey: UInt64? = nil,
        isL3Master: Bool = false, isInverted: Bool = false, suppressPrefixLength: Int32? = nil,
        suppressInterfaceGroup: Int32? = nil, hasRealm: Bool = false, action: Action
    ) {
        self.priority = priority
        self.from = from
        self.to = to
        self.inputInterface = inputInterface
        self.outputInterface = outputInterface
        self.mark = mark
        self.markMask = markMask
        self.tos = tos
        self.tosMask = tosMask
        self.transport = transport
        self.sourcePorts = sourcePorts
        self.destinationPorts = destinationPorts
        self.userIDs = userIDs
        self.tunnelKey = tunnelKey
        self.isL3Master = isL3Master
        self.isInverted = isInverted
        self.suppressPrefixLength = suppressPrefixLength
        self.suppressInterfaceGroup = suppressInterfaceGroup
        self.hasRealm = hasRealm
        self.action = action
    }

    /// The three rules every namespace starts with: 0 local, 32766 main, 32767 default.
    package static let defaults: [Self] = [
        Self(priority: 0, action: .lookup(table: Route.Table.local)),
        Self(priority: 32_766, action: .lookup(table: Route.Table.main)),
        Self(priority: 32_767, action: .lookup(table: Route.Table.default)),
    ]

    package var isDefault: Bool { Self.defaults.contains(self) }
}
