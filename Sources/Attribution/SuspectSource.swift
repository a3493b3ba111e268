// SPDX-License-Identifier: Apache-2.0
import Facts
package import Packets
package import Routing

extension IPv4Address {
    /// 0/8, 169.254/16 and 240/4, whence nobody sends across routers. 255.255.255.255 is in 240/4.
    package var isOfSpecialBlock: Bool {
        rawValue >> 24 == 0 || rawValue >> 16 == 0xA9FE || rawValue >> 28 == 0xF
    }
}

extension RoutingModel {
    /// Whether a source that comes in by `ingress` looks forged.
    package func isSuspect(_ source: IPv4Address, on ingress: UInt32) -> Bool {
        source.isOfSpecialBlock || isConnectedElsewhere(source, than: ingress)
    }

    /// The source lies in a prefix that is connected on another interface of the same VRF, and not also on this one: two
    /// interfaces in one subnet are no sign of a forged source.
    package func isConnectedElsewhere(_ source: IPv4Address, than ingress: UInt32) -> Bool {
        let covering = facts.addresses.filter { $0.prefix.contains(source) }
        guard !covering.contains(where: { $0.interface == ingress }) else { return false }
        let vrf = vrf(of: ingress)
        return covering.contains { address in
            link(address.interface)?.isLoopback != true && self.vrf(of: address.interface) == vrf
        }
    }
}
