// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

extension RoutingModel {
    /// What the kernel decides about the source of a packet that came in by `ingress` (for a VRF the member).
    ///
    /// - `path`: who asks, when it is known; otherwise it follows from the destination. The outgoing interface 0 of
    ///   `.forward` means that only the direction is known.
    /// - `configuration`: the effective sysctls, when they were read at the drop; otherwise those of the snapshot.
    /// - `ingressHasAddress`: likewise whether the interface has an IPv4 address.
    ///
    /// The order of the tests is that of `net/ipv4/route.c`, ip_route_input_slow and ip_mc_validate_source.
    package func validateSource(
        _ packet: Packet, ingress: UInt32, path: CheckPath? = nil, configuration: InterfaceConfiguration? = nil,
        ingressHasAddress: Bool? = nil
    ) -> Verdict {
        var configuration = configuration ?? facts.configuration.effective(ingress)
        // `net/ipv4/fib_frontend.c`, fib_validate_source: as if the mode were 0, so own addresses are refused all the same.
        if packet.hasSecurityPath { configuration.rpFilter = 0 }
        let source = packet.source
        let reach = reach(packet, ingress, path, configuration)
        let resolved: CheckPath = if case .checked(let path) = reach { path } else { path ?? .input }

        func decide(_ decision: Decision, reverse: LookupResult? = nil) -> Verdict {
            var outputInterface: UInt32?
            if case .forward(let interface) = resolved { outputInterface = interface }
            return Verdict(
                decision: decision, mode: configuration.rpFilter, reverse: reverse, path: resolved,
                outputInterface: outputInterface)
        }
        func check(destination: IPv4Address, outputInterface: UInt32 = 0) -> Verdict {
            let key = reverseKey(
                packet, ingress: ingress, destination: destination, outputInterface: outputInterface,
                usesMark: configuration.srcValidMark, isARP: path == .arp)
            let (decision, reverse) = checkSource(
                key, ingress: ingress, outputInterface: outputInterface, configuration: configuration,
                ingressHasAddress: ingressHasAddress ?? hasAddress(ingress))
            return decide(decision, reverse: reverse)
        }

        if path == .arp && source.isUnspecified {
            let isAnswered = answersProbe(packet, ingress, configuration)
            return Verdict(
                decision: isAnswered ? .accept : .notEvaluated(.badDestination), mode: configuration.rpFilter,
                path: .arp)
        }
        if source.isMulticast || source.isLimitedBroadcast { return decide(.refuse(.invalidSource)) }

        if case .notEvaluated(.groupNotJoined) = reach { return decide(.notEvaluated(.groupNotJoined)) }
        if resolved == .multicast {
            if source.isLoopback && !configuration.routeLocalnet { return decide(.refuse(.localnet)) }
            if source.isUnspecified {
                let isExempt = packet.destination.rawValue >> 8 == 0xE00000 || packet.transport == .igmp
                return decide(isExempt ? .accept : .refuse(.invalidSource))
            }
            return check(destination: .unspecified)
        }

        let isLimitedBroadcast =
            packet.destination.isLimitedBroadcast || (source.isUnspecified && packet.destination.isUnspecified)
        if !isLimitedBroadcast {
            if source.isUnspecified { return decide(.refuse(.invalidSource)) }
            if packet.destination.isUnspecified { return decide(.notEvaluated(.badDestination)) }
            if (packet.destination.isLoopback || source.isLoopback) && !configuration.routeLocalnet {
                return decide(.refuse(.localnet))
            }
        }

        switch reach {
        case .notEvaluated(let reason): return decide(.notEvaluated(reason))
        case .checked(.broadcast):
            // A host that asks for its address has none yet: DHCP.
            return source.isUnspecified ? decide(.accept) : check(destination: .unspecified)
        case .checked(.forward(let interface)):
            return check(destination: packet.destination, outputInterface: interface)
        case .checked(.input), .checked(.arp), .checked(.multicast):
            return check(destination: packet.destination)
        }
    }

    /// Whether somebody who asks if an address is free, and so has none himself, hears that it is ours: nothing but the
    /// local table is asked, or the VRF's (`net/ipv4/arp.c`, arp_process; `net/ipv4/fib_frontend.c`,
    /// inet_addr_type_dev_table).
    private func answersProbe(_ packet: Packet, _ ingress: UInt32, _ configuration: InterfaceConfiguration) -> Bool {
        let target = packet.destination
        if target.isMulticast || target.isLimitedBroadcast || target.isUnspecified { return false }
        if target.isLoopback && !configuration.routeLocalnet { return false }
        return typeOfAddress(target, table: linkByIndex[vrf(of: ingress)]?.vrfTable) == .local
    }

    /// The key of the reverse lookup: source and destination swapped, as the host's own packet, or as one that came from
    /// the outgoing interface (`net/ipv4/fib_frontend.c`, __fib_validate_source). `destination` is that of the check: 0 for
    /// broadcast and multicast.
    package func reverseKey(
        _ packet: Packet, ingress: UInt32, destination: IPv4Address, outputInterface: UInt32, usesMark: Bool,
        isARP: Bool = false
    ) -> LookupKey {
        var key = LookupKey(destination: packet.source, source: destination)
        key.inputInterface = outputInterface == 0 ? LookupKey.loopback : outputInterface
        key.vrf = vrf(of: ingress)
        key.tos = isARP ? 0 : packet.tos & Self.tosMask
        key.mark = usesMark ? packet.mark : 0
        if !isARP {
            let flow = flow(of: packet)
            key.transport = flow.transport
            (key.sourcePort, key.destinationPort) = (flow.destination, flow.source)
        }
        return key
    }

    /// `net/ipv4/fib_frontend.c`, fib_validate_source and __fib_validate_source.
    private func checkSource(
        _ key: LookupKey, ingress: UInt32, outputInterface: UInt32, configuration: InterfaceConfiguration,
        ingressHasAddress: Bool
    ) -> (Decision, LookupResult?) {
        let mode = configuration.rpFilter
        let mayRedirect = ingress == outputInterface && configuration.sendRedirects
        if mode == 0 && !usesRealms && !mayRedirect {
            if configuration.acceptLocal { return (.accept, nil) }
            if !hasCustomRules && !hasCustomLocalRoutes {
                return (ownAddresses.contains(key.destination) ? .refuse(.localSource) : .accept, nil)
            }
        }

        let reverse = lookup(key)
        guard case .found(let route) = reverse.end else {
            return (mode == 0 ? .accept : .refuse(.noRoute), reverse)
        }
        if route.kind != .unicast {
            if route.kind != .local { return (.refuse(.invalidSource), reverse) }
            if !configuration.acceptLocal { return (.refuse(.localSource), reverse) }
        }
        if uses(route, ingress) || (route.kind == .local && ingress == LookupKey.loopback) { return (.accept, reverse) }
        if !ingressHasAddress { return (mode == 0 ? .accept : .refuse(.noAddress), reverse) }
        // In loose mode a second lookup follows; it decides about redirects only, never about the packet.
        return (mode == 1 ? .refuse(.wrongInterface) : .accept, reverse)
    }

    /// The caller of the check: as given, with what is missing taken from the destination.
    private func reach(
        _ packet: Packet, _ ingress: UInt32, _ path: CheckPath?, _ configuration: InterfaceConfiguration
    ) -> Reach {
        switch path {
        case .input, .multicast, .broadcast: return .checked(path ?? .input)
        case .forward(let interface) where interface != 0: return .checked(.forward(outputInterface: interface))
        case .forward:
            let reach = checkPath(for: packet, ingress: ingress, configuration: configuration)
            if case .checked(.forward) = reach { return reach }
            return .checked(.forward(outputInterface: 0))
        case .arp:
            // ARP asks for a route like a packet would, but broadcasts end before the check.
            let reach = checkPath(for: arpProbe(packet), ingress: ingress, configuration: configuration)
            switch reach {
            case .checked(.broadcast), .checked(.multicast): return .notEvaluated(.badDestination)
            case .checked(.input): return .checked(.arp)
            case .checked, .notEvaluated: return reach
            }
        case nil: return checkPath(for: packet, ingress: ingress, configuration: configuration)
        }
    }
}
