// SPDX-License-Identifier: Apache-2.0
import CLinux
import Packets

/// What RTM_NEWNETCONF says: the few sysctls of `net.ipv4.conf` whose changes the kernel announces. Of those that
/// decide reverse path filtering, accept_local, src_valid_mark and route_localnet are not among them.
struct ConfigurationMessage {
    /// NETCONFA_IFINDEX: an interface, or NETCONFA_IFINDEX_ALL or NETCONFA_IFINDEX_DEFAULT.
    var index: Int32
    /// By the sysctl's name.
    var values: [String: Int32]

    init?(_ payload: RawSpan) {
        guard let header = payload.load(netconfmsg.self), header.ncm_family == UInt8(AF_INET) else { return nil }
        var index: Int32?
        var values: [String: Int32] = [:]
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<netconfmsg>.size)) { kind, value in
            switch kind {
            case NETCONFA_IFINDEX: index = value.load(Int32.self)
            case NETCONFA_RP_FILTER: values["rp_filter"] = value.load(Int32.self)
            case NETCONFA_FORWARDING: values["forwarding"] = value.load(Int32.self)
            case NETCONFA_BC_FORWARDING: values["bc_forwarding"] = value.load(Int32.self)
            case NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN:
                values["ignore_routes_with_linkdown"] = value.load(Int32.self)
            default: break
            }
        }
        guard let index else { return nil }
        self.index = index
        self.values = values
    }
}
