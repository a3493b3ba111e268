// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// What RTM_NEWNEXTHOP says about one nexthop object: a way out, or a group of other objects.
struct NexthopMessage {
    var id: UInt32
    var nexthop: Nexthop
    /// Members of a group with their weights; empty for a single way out.
    var group: [(id: UInt32, weight: UInt16)]
    /// Packets that use it are thrown away; the routes through it are of type blackhole.
    var isBlackhole: Bool

    init?(_ payload: RawSpan) {
        guard let header = payload.load(nhmsg.self) else { return nil }
        var id: UInt32 = 0
        var nexthop = Nexthop(interface: 0, flags: header.nh_flags)
        var group: [(id: UInt32, weight: UInt16)] = []
        var isBlackhole = false
        payload.forEachAttribute(from: netlinkAligned(MemoryLayout<nhmsg>.size)) { kind, value in
            switch kind {
            case NHA_ID: id = value.load(UInt32.self) ?? 0
            case NHA_OIF: nexthop.interface = value.load(UInt32.self) ?? 0
            case NHA_GATEWAY where header.nh_family == UInt8(AF_INET): nexthop.gateway = value.address
            case NHA_BLACKHOLE: isBlackhole = true
            case NHA_GROUP:
                var position = 0
                while let member = value.load(nexthop_grp.self, at: position) {
                    // The high octet of the weight is in what headers before 6.12 call reserved.
                    group.append((member.id, UInt16(member.resvd1) << 8 + UInt16(member.weight) + 1))
                    position += MemoryLayout<nexthop_grp>.size
                }
            default: break
            }
        }
        guard id != 0 else { return nil }
        self.id = id
        self.nexthop = nexthop
        self.group = group
        self.isBlackhole = isBlackhole
    }
}

/// The nexthop objects of a namespace, for routes whose hops are not sent along.
struct NexthopObjects {
    private var objects: [UInt32: NexthopMessage] = [:]

    mutating func insert(_ message: NexthopMessage) { objects[message.id] = message }

    /// The ways out of an object; groups hold no groups, so one level is all.
    func nexthops(of id: UInt32) -> [Nexthop] {
        guard let object = objects[id] else { return [] }
        if object.group.isEmpty { return object.isBlackhole ? [] : [object.nexthop] }
        return object.group.compactMap { member in
            guard let single = objects[member.id], !single.isBlackhole else { return nil }
            var nexthop = single.nexthop
            nexthop.weight = member.weight
            return nexthop
        }
    }
}
