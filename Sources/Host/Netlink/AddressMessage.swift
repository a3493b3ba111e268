// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

extension InterfaceAddress {
    /// From RTM_NEWADDR or RTM_DELADDR; nil when it is not about a whole IPv4 address.
    init?(_ payload: RawSpan) {
        guard let header = payload.load(ifaddrmsg.self), header.ifa_family == UInt8(AF_INET) else { return nil }
        var flags = UInt32(header.ifa_flags)
        var local: IPv4Address?
        var address: IPv4Address?
        var broadcast: IPv4Address?
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<ifaddrmsg>.size)) { kind, value in
            switch kind {
            case IFA_LOCAL: local = value.address
            case IFA_ADDRESS: address = value.address
            case IFA_BROADCAST: broadcast = value.address
            case IFA_FLAGS: flags = value.load(UInt32.self) ?? flags
            default: break
            }
        }
        guard let own = local ?? address else { return nil }
        self.init(
            interface: header.ifa_index, local: own,
            prefix: IPv4Prefix(address ?? own, length: header.ifa_prefixlen), broadcast: broadcast,
            scope: header.ifa_scope, isSecondary: flags & UInt32(IFA_F_SECONDARY) != 0)
    }
}

extension Neighbor {
    /// From RTM_NEWNEIGH; nil when it is not about an IPv4 neighbour.
    init?(_ payload: RawSpan) {
        guard let header = payload.load(ndmsg.self), header.ndm_family == UInt8(AF_INET), header.ndm_ifindex > 0 else {
            return nil
        }
        var address: IPv4Address?
        var macAddress: MACAddress?
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<ndmsg>.size)) { kind, value in
            switch kind {
            case NDA_DST: address = value.address
            case NDA_LLADDR: macAddress = MACAddress(octets: value.octets)
            default: break
            }
        }
        guard let address else { return nil }
        self.init(
            interface: UInt32(header.ndm_ifindex), address: address, macAddress: macAddress,
            hasFailed: Int32(header.ndm_state) & Int32(NUD_FAILED) != 0)
    }
}
