// SPDX-License-Identifier: Apache-2.0
package import Packets

/// What a routing lookup is asked with (the kernel's `struct flowi4`).
package struct LookupKey: Hashable, Sendable {
    /// The interface index that stands for the host itself as input interface (LOOPBACK_IFINDEX).
    package static let loopback: UInt32 = 1

    /// The address to route to; in a reverse lookup the packet's source.
    package var destination: IPv4Address
    /// 0.0.0.0 when not given.
    package var source: IPv4Address
    package var inputInterface: UInt32
    /// 0 when any will do; otherwise only routes through this interface are found.
    package var outputInterface: UInt32
    /// The VRF device whose table is to be used; 0 to take that of the output or input interface.
    package var vrf: UInt32
    /// The DSCP in its place in the octet; the lower two bits are 0.
    package var tos: UInt8
    package var mark: UInt32
    package var userID: UInt32
    /// 0 when no rule asks for it: the kernel then does not look.
    package var transport: IPProtocol
    package var sourcePort: UInt16
    package var destinationPort: UInt16
    /// FIB_LOOKUP_IGNORE_LINKSTATE: routes are found though their device has no carrier.
    package var ignoresLinkState: Bool

    package init(
        destination: IPv4Address, source: IPv4Address = .unspecified, inputInterface: UInt32 = Self.loopback,
        outputInterface: UInt32 = 0, vrf: UInt32 = 0, tos: UInt8 = 0, mark: UInt32 = 0, userID: UInt32 = 0,
        transport: IPProtocol = IPProtocol(rawValue: 0), sourcePort: UInt16 = 0, destinationPort: UInt16 = 0,
        ignoresLinkState: Bool = false
    ) {
        self.destination = destination
        self.source = source
        self.inputInterface = inputInterface
        self.outputInterface = outputInterface
        self.vrf = vrf
        self.tos = tos
        self.mark = mark
        self.userID = userID
        self.transport = transport
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.ignoresLinkState = ignoresLinkState
    }
}
