// SPDX-License-Identifier: Apache-2.0

/// An IP protocol number as IANA assigns it.
package struct IPProtocol: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let icmp = Self(rawValue: 1)
    package static let igmp = Self(rawValue: 2)
    package static let ipip = Self(rawValue: 4)
    package static let tcp = Self(rawValue: 6)
    package static let udp = Self(rawValue: 17)
    package static let gre = Self(rawValue: 47)
    package static let esp = Self(rawValue: 50)
    package static let icmpv6 = Self(rawValue: 58)
    package static let sctp = Self(rawValue: 132)

    /// True when the first four octets of the payload are source and destination port, which policy rules can select on
    /// (`include/net/flow_dissector.h`; kernel rules dissect TCP, UDP, SCTP and DCCP).
    package var hasPorts: Bool { [6, 17, 33, 132, 136].contains(rawValue) }

    /// The lower-case keyword used in ECS `network.transport`, or nil for a protocol without a common name.
    package var name: String? {
        switch rawValue {
        case 1: "icmp"
        case 2: "igmp"
        case 4: "ipip"
        case 6: "tcp"
        case 17: "udp"
        case 33: "dccp"
        case 47: "gre"
        case 50: "esp"
        case 51: "ah"
        case 58: "ipv6-icmp"
        case 89: "ospf"
        case 103: "pim"
        case 112: "vrrp"
        case 132: "sctp"
        case 136: "udplite"
        default: nil
        }
    }
}

extension IPProtocol: CustomStringConvertible {
    package var description: String { name ?? "proto \(rawValue)" }
}
