// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

extension Rule {
    /// From RTM_NEWRULE or RTM_DELRULE; nil when it is not an IPv4 rule.
    init?(_ payload: RawSpan) {
        guard let header = payload.load(fib_rule_hdr.self), header.family == UInt8(AF_INET) else { return nil }
        var rule = Rule(priority: 0, tos: header.tos, action: .nop)
        rule.isInverted = header.flags & UInt32(FIB_RULE_INVERT) != 0
        var table = UInt32(header.table)
        var target: UInt32?
        var mask: UInt32?
        var sourcePortMask: UInt16?
        var destinationPortMask: UInt16?
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<fib_rule_hdr>.size)) { kind, value in
            switch kind {
            case FRA_PRIORITY: rule.priority = value.load(UInt32.self) ?? 0
            case FRA_SRC: rule.from = value.address.map { IPv4Prefix($0, length: header.src_len) }
            case FRA_DST: rule.to = value.address.map { IPv4Prefix($0, length: header.dst_len) }
            case FRA_IIFNAME: rule.inputInterface = value.name
            case FRA_OIFNAME: rule.outputInterface = value.name
            case FRA_FWMARK: rule.mark = value.load(UInt32.self) ?? 0
            case FRA_FWMASK: mask = value.load(UInt32.self)
            case FRA_TABLE: table = value.load(UInt32.self) ?? table
            case FRA_GOTO: target = value.load(UInt32.self)
            case FRA_TUN_ID: rule.tunnelKey = value.load(UInt64.self).map { UInt64(bigEndian: $0) }
            case FRA_L3MDEV: rule.isL3Master = value.load(UInt8.self) ?? 0 != 0
            case FRA_IP_PROTO: rule.transport = value.load(UInt8.self).map { IPProtocol(rawValue: $0) }
            case FRA_SPORT_RANGE: rule.sourcePorts = value.ports
            case FRA_DPORT_RANGE: rule.destinationPorts = value.ports
            case Int(CLINUX_FRA_SPORT_MASK.rawValue): sourcePortMask = value.load(UInt16.self)
            case Int(CLINUX_FRA_DPORT_MASK.rawValue): destinationPortMask = value.load(UInt16.self)
            case FRA_UID_RANGE:
                rule.userIDs = value.load(fib_rule_uid_range.self).flatMap {
                    $0.start <= $0.end ? $0.start...$0.end : nil
                }
            case FRA_SUPPRESS_PREFIXLEN: rule.suppressPrefixLength = value.suppressor
            case FRA_SUPPRESS_IFGROUP: rule.suppressInterfaceGroup = value.suppressor
            case FRA_FLOW: rule.hasRealm = value.load(UInt32.self) ?? 0 != 0
            case Int(CLINUX_FRA_DSCP.rawValue):
                rule.tos = (value.load(UInt8.self) ?? 0) << 2
                rule.tosMask = 0xFC
            case Int(CLINUX_FRA_DSCP_MASK.rawValue):
                rule.tosMask = (value.load(UInt8.self) ?? 0x3F) << 2
            default: break
            }
        }
        rule.markMask = mask ?? (rule.mark != 0 ? .max : 0)
        rule.sourcePorts = widened(rule.sourcePorts, by: sourcePortMask)
        rule.destinationPorts = widened(rule.destinationPorts, by: destinationPortMask)
        rule.action =
            switch Int(header.action) {
            case FR_ACT_TO_TBL: .lookup(table: table)
            case FR_ACT_GOTO: .goto(priority: header.flags & UInt32(FIB_RULE_UNRESOLVED) == 0 ? target : nil)
            case FR_ACT_NOP: .nop
            case FR_ACT_UNREACHABLE: .unreachable
            case FR_ACT_PROHIBIT: .prohibit
            // The kernel refuses for any action it does not know, like blackhole (fib4_rule_action).
            default: .blackhole
            }
        self = rule
    }
}

extension RawSpan {
    fileprivate var ports: ClosedRange<UInt16>? {
        load(fib_rule_port_range.self).flatMap { $0.start <= $0.end ? $0.start...$0.end : nil }
    }

    /// -1 stands for a rule that does not suppress.
    fileprivate var suppressor: Int32? { load(Int32.self).flatMap { $0 < 0 ? nil : $0 } }
}

/// A port with a mask as the range it stands for. Masks are prefixes in practice; of any other only the port itself is
/// kept.
private func widened(_ ports: ClosedRange<UInt16>?, by mask: UInt16?) -> ClosedRange<UInt16>? {
    guard let ports, let mask, mask != 0, ~mask & (~mask &+ 1) == 0 else { return ports }
    return ports.lowerBound & mask...ports.lowerBound | ~mask
}
