// SPDX-License-Identifier: Apache-2.0
import CLinux
package import Facts
import Glibc
package import Packets
import SystemPackage

/// Asks the kernel for the IPv6 routes that a packet filter's check looks at: RTM_GETROUTE without an input interface does
/// the lookup that nft's `fib` and ip6tables' `rpfilter` do (`net/ipv6/netfilter/nft_fib_ipv6.c`, nft_fib6_eval;
/// `net/ipv6/netfilter/ip6t_rpfilter.c`, rpfilter_lookup_reverse6). Changes and counts nothing.
package struct IPv6Oracle: ~Copyable {
    private var socket: NetlinkSocket

    /// Asks in a namespace, also after this.
    package init(in namespace: borrowing NetworkNamespace) throws(HostError) {
        socket = try namespace.run { () throws(HostError) in try NetlinkSocket() }
    }

    /// Nil for an IPv4 packet. `ingress` is where it came in.
    package mutating func routes(of packet: Packet, ingress: UInt32) throws(HostError) -> IPv6Routes? {
        guard let addresses = packet.ipv6 else { return nil }
        var back: [IPv6Routes.Question: IPv6Routes.Answer] = [:]
        for question in IPv6Routes.Question.all {
            if question.usesMark && packet.mark == 0 {
                back[question] = back[IPv6Routes.Question(usesMark: false, prefersIngress: question.prefersIngress)]
                continue
            }
            // Neighbours' own addresses mean nothing without an interface.
            let isBound = question.prefersIngress || addresses.source.isLinkLocal
            back[question] = try ask(
                to: addresses.source, from: addresses.destination.isMulticast ? nil : addresses.destination,
                mark: question.usesMark ? packet.mark : 0, output: isBound ? ingress : nil)
        }
        let forth = try ask(
            to: addresses.destination, from: nil, mark: packet.mark,
            output: addresses.destination.isLinkLocal || addresses.destination.isMulticast ? ingress : nil)
        return IPv6Routes(back: back, forth: forth)
    }

    private mutating func ask(
        to destination: IPv6Address, from source: IPv6Address?, mark: UInt32, output: UInt32?
    ) throws(HostError) -> IPv6Routes.Answer {
        var body = rtmsg()
        body.rtm_family = UInt8(AF_INET6)
        body.rtm_dst_len = 128
        body.rtm_src_len = source == nil ? 0 : 128
        var request = NetlinkRequest(RTM_GETROUTE, flags: 0, body: body)
        if let source { request.append(Int(RTA_SRC.rawValue), source) }
        request.append(Int(RTA_DST.rawValue), destination)
        if let output { request.append(Int(RTA_OIF.rawValue), output) }
        if mark != 0 { request.append(Int(RTA_MARK.rawValue), mark) }
        var answer = IPv6Routes.Answer()
        do throws(HostError) {
            try socket.ask(request, "an IPv6 route") { payload in
                guard let header = payload.load(rtmsg.self), header.rtm_family == UInt8(AF_INET6),
                    let kind = Route.Kind(rawValue: header.rtm_type)
                else { return }
                switch kind {
                case .blackhole, .unreachable, .prohibit, .throw: return
                default: answer.kind = kind
                }
                payload.forEachAttribute(from: netlinkAligned(MemoryLayout<rtmsg>.size)) { kind, value in
                    if UInt32(kind) == RTA_OIF.rawValue { answer.interface = value.load(UInt32.self) }
                }
            }
        } catch {
            switch error.errno {
            // No route, or one that refuses.
            case .networkUnreachable, .noRouteToHost, .permissionDenied, .invalidArgument: return IPv6Routes.Answer()
            default: throw error
            }
        }
        return answer
    }
}
