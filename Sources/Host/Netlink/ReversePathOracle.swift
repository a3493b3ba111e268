// SPDX-License-Identifier: Apache-2.0
import CLinux
package import Facts
import Glibc
package import Packets
import SystemPackage

/// Asks the kernel itself whether it would accept a packet: RTM_GETROUTE with an input interface runs the same routing
/// and source check as a received packet (`net/ipv4/route.c`, inet_rtm_getroute).
///
/// Knows nothing of what the packet filter would do: destination and mark are those after PREROUTING. A refused
/// question bumps the machine's `in_martian_src`, may write a martian line to the kernel's log, and frees a packet that
/// a tracer sees; so it is for an explicit question only, never for use while tracing on its own account.
package struct ReversePathOracle: ~Copyable {
    package enum Answer: Hashable, Sendable {
        /// Where the packet would go: `local`, `broadcast`, or `unicast` when it is forwarded to `output`.
        case accepted(Route.Kind, output: UInt32?)
        /// EXDEV: rp_filter would drop it. Only kernels before 6.13 tell it from other refusals.
        case reversePathFilter
        /// EINVAL: the source is refused: by rp_filter or as a martian from 6.13 on, as a martian before. A blackhole
        /// route to the destination answers the same.
        case refused
        /// EHOSTUNREACH: not for this host and forwarding is off, or an unreachable route. The source is not checked.
        case notForwarded
        /// ENETUNREACH, EACCES: there is no route to the destination, or a prohibit route. The source is not checked.
        case noRoute
    }

    private var socket: NetlinkSocket

    /// Asks in a namespace, also after this: needs no privilege for the own one.
    package init(in namespace: borrowing NetworkNamespace) throws(HostError) {
        socket = try namespace.run { () throws(HostError) in try NetlinkSocket() }
    }

    /// Would the packet be accepted when it came in by the interface? For a member of a VRF name the member.
    package mutating func ask(_ packet: Packet, ingress: UInt32) throws(HostError) -> Answer {
        var body = rtmsg()
        body.rtm_family = UInt8(AF_INET)
        body.rtm_src_len = 32
        body.rtm_dst_len = 32
        // Without the ECN bits, which the kernel refuses.
        body.rtm_tos = packet.tos & 0xFC
        var request = NetlinkRequest(RTM_GETROUTE, flags: 0, body: body)
        request.append(Int(RTA_SRC.rawValue), packet.source)
        request.append(Int(RTA_DST.rawValue), packet.destination)
        request.append(Int(RTA_IIF.rawValue), ingress)
        if packet.mark != 0 { request.append(Int(RTA_MARK.rawValue), packet.mark) }
        // The kernel builds a packet of these three only, and takes UDP for any other.
        if [.tcp, .udp, .icmp].contains(packet.transport) {
            request.append(Int(RTA_IP_PROTO.rawValue), packet.transport.rawValue)
        }
        if packet.transport == .tcp || packet.transport == .udp {
            if let port = packet.sourcePort { request.append(Int(RTA_SPORT.rawValue), port.bigEndian) }
            if let port = packet.destinationPort { request.append(Int(RTA_DPORT.rawValue), port.bigEndian) }
        }
        var answer: Answer?
        do throws(HostError) {
            try socket.ask(request, "the route of a received packet") { payload in
                guard let message = RouteMessage(payload, includingCached: true) else { return }
                let output = message.route.nexthops.first?.interface
                answer = .accepted(message.route.kind, output: message.route.kind == .unicast ? output : nil)
            }
        } catch {
            switch error.errno {
            case .improperLink: return .reversePathFilter
            case .invalidArgument: return .refused
            case .noRouteToHost: return .notForwarded
            case .networkUnreachable, .permissionDenied: return .noRoute
            default: throw error
            }
        }
        guard let answer else {
            throw HostError(.failed, cannot: "understand the kernel's answer about", "a received packet")
        }
        return answer
    }
}
