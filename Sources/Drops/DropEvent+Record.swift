// SPDX-License-Identifier: Apache-2.0
import CEvent
import Packets

extension DropEvent {
    /// Decodes one record of the ring buffer (`struct rpfw_event` or `struct rpfw_event_ipv6` in bpf/event.h, which differ
    /// in size).
    ///
    /// Nil for a record of another size or layout version, and for a value that the layout does not have.
    /// `reasonName` and `locationSymbol` are not in the record and stay nil.
    package init?(record: RawSpan) {
        // Safe: the size is checked, and both are integers only, so every bit pattern is one.
        switch record.byteCount {
        case MemoryLayout<rpfw_event>.size:
            self.init(unsafe record.unsafeLoadUnaligned(as: rpfw_event.self))
        case MemoryLayout<rpfw_event_ipv6>.size:
            self.init(unsafe record.unsafeLoadUnaligned(as: rpfw_event_ipv6.self))
        default:
            return nil
        }
    }

    private init?(_ raw: rpfw_event_ipv6) {
        guard let source = IPv6Address(octets: octets(of: raw.source)),
            let destination = IPv6Address(octets: octets(of: raw.destination))
        else { return nil }
        self.init(raw.event)
        packet.ipv6 = Packet.IPv6Addresses(source: source, destination: destination)
    }

    private init?(_ raw: rpfw_event) {
        guard raw.abi == RPFW_ABI, let key = DropKey(raw.key), let path = RecordedPath(raw.path) else { return nil }
        let kind = octets(of: raw.kind).prefix { $0 != 0 }
        self.init(
            key: key,
            hooks: DropHooks(rawValue: raw.hooks),
            time: raw.time_ns,
            packet: Packet(raw),
            interfaceName: InterfaceName(bytes: octets(of: raw.ifname)),
            interfaceKind: kind.isEmpty ? nil : String(decoding: kind, as: UTF8.self),
            vrf: raw.vrf_ifindex == 0 ? nil : raw.vrf_ifindex,
            sysctls: SysctlsAtDrop(raw),
            path: path.value,
            outputInterface: raw.out_ifindex == 0 ? nil : raw.out_ifindex,
            location: raw.location,
            hasDestinationNAT: raw.has(RPFW_FACT_DNAT),
            hasCustomRules: raw.has(RPFW_FACT_RULES_KNOWN) ? raw.has(RPFW_FACT_CUSTOM_RULES) : nil,
            hasCustomLocalRoutes: raw.has(RPFW_FACT_LOCAL_ROUTES_KNOWN)
                ? raw.has(RPFW_FACT_CUSTOM_LOCAL_ROUTES) : nil,
            interfaceIndex: raw.ifindex)
    }
}

extension DropKey {
    /// Decodes a key of the counter map (`struct rpfw_key`); nil for another size or a value that the layout does not have.
    package init?(record: RawSpan) {
        guard record.byteCount == MemoryLayout<rpfw_key>.size else { return nil }
        // Safe: the size is checked, and rpfw_key is integers only.
        self.init(unsafe record.unsafeLoadUnaligned(as: rpfw_key.self))
    }

    fileprivate init?(_ raw: rpfw_key) {
        guard let outcome = DropOutcome(rawValue: raw.outcome), let path = RecordedPath(raw.path) else { return nil }
        self.init(
            namespaceCookie: raw.netns_cookie, namespaceInode: raw.netns_inode, interfaceIndex: raw.ifindex,
            reason: raw.reason, outcome: outcome, path: path.value, interfaceHasAddress: raw.has_ipv4 != 0,
            isInBridge: raw.traits & RPFW_TRAIT_IN_BRIDGE.rawValue != 0,
            isIPv6: raw.traits & RPFW_TRAIT_IPV6.rawValue != 0)
    }
}

extension DropCounters {
    /// Decodes one CPU's counts (`struct rpfw_counter`); nil for another size.
    package init?(record: RawSpan) {
        guard record.byteCount == MemoryLayout<rpfw_counter>.size else { return nil }
        // Safe: the size is checked, and rpfw_counter is integers only.
        let raw = unsafe record.unsafeLoadUnaligned(as: rpfw_counter.self)
        self.init(
            drops: raw.emitted &+ raw.suppressed &+ raw.lost_ring &+ raw.filtered,
            emitted: raw.emitted, suppressed: raw.suppressed, lostRing: raw.lost_ring, filtered: raw.filtered,
            firstTime: raw.first_ns, lastTime: raw.last_ns,
            interfaceName: InterfaceName(bytes: octets(of: raw.ifname)))
    }
}

extension SysctlsAtDrop {
    fileprivate init?(_ raw: rpfw_event) {
        guard raw.has(RPFW_FACT_SYSCTLS) else { return nil }
        func isSet(_ sysctl: rpfw_sysctl) -> Bool { raw.sysctls & sysctl.rawValue != 0 }
        self.init(
            rpFilterAll: raw.rp_filter_all, rpFilterInterface: raw.rp_filter_iface,
            acceptLocalAll: isSet(RPFW_SYSCTL_ACCEPT_LOCAL_ALL),
            acceptLocalInterface: isSet(RPFW_SYSCTL_ACCEPT_LOCAL_IFACE),
            srcValidMarkAll: isSet(RPFW_SYSCTL_SRC_VALID_MARK_ALL),
            srcValidMarkInterface: isSet(RPFW_SYSCTL_SRC_VALID_MARK_IFACE))
    }
}

extension Packet {
    fileprivate init(_ raw: rpfw_event) {
        // Flags and offset of RFC 791, section 3.1; the offset counts units of eight octets.
        let fragment = UInt16(bigEndian: raw.fragment)
        let hasPorts = raw.has(RPFW_FACT_PORTS)
        let hasMACs = raw.has(RPFW_FACT_MACS)
        self.init(
            source: IPv4Address(bigEndian: raw.source), destination: IPv4Address(bigEndian: raw.destination),
            transport: IPProtocol(rawValue: raw.protocol),
            sourcePort: hasPorts ? UInt16(bigEndian: raw.source_port) : nil,
            destinationPort: hasPorts ? UInt16(bigEndian: raw.destination_port) : nil,
            tos: raw.tos, timeToLive: raw.ttl, identification: UInt16(bigEndian: raw.identification),
            fragmentOffset: (fragment & 0x1FFF) << 3, moreFragments: fragment & 0x2000 != 0,
            mark: raw.mark, length: raw.length, gsoSegments: raw.gso_segments,
            sourceMAC: hasMACs ? MACAddress(octets: octets(of: raw.source_mac)) : nil,
            destinationMAC: hasMACs ? MACAddress(octets: octets(of: raw.destination_mac)) : nil)
    }
}

extension rpfw_event {
    fileprivate func has(_ fact: rpfw_fact) -> Bool { facts & fact.rawValue != 0 }
}

/// A path as the layout numbers it; nil for a number that it does not have, unlike `value`, which is nil for "not told".
private struct RecordedPath {
    let value: PacketPath?

    init?(_ raw: UInt8) {
        switch rpfw_path(rawValue: raw) {
        case RPFW_PATH_UNKNOWN: value = nil
        case RPFW_PATH_INPUT: value = .input
        case RPFW_PATH_FORWARD: value = .forward
        case RPFW_PATH_MULTICAST: value = .multicast
        case RPFW_PATH_BROADCAST: value = .broadcast
        case RPFW_PATH_ARP: value = .arp
        default: return nil
        }
    }
}

/// The octets of a C array, which Swift imports as a tuple.
private func octets<Tuple: BitwiseCopyable>(of tuple: Tuple) -> [UInt8] {
    unsafe withUnsafeBytes(of: tuple) { unsafe Array($0) }
}
