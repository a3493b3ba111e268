// SPDX-License-Identifier: Apache-2.0
import ModelLab
import Packets

extension RandomNetwork {
    /// Mostly few routes, sometimes many, of all types and in several tables.
    mutating func makeRoutes() {
        for (id, device) in zip(1..., Self.interfaces) {
            if random.chance(60) { ip("nexthop add id \(id) dev \(device)") }
        }
        if random.chance(30) { ip("nexthop add id 5 via \(random.one(of: pool)) dev x1 onlink") }
        if random.chance(30) { ip("nexthop add id 6 blackhole") }
        ip("nexthop add id 10 group \(random.one(of: ["1/2", "1,3/2", "2/3/4", "5/1"]))")
        let most = random.chance(80) ? 14 : random.chance(70) ? 60 : 200
        for _ in 0..<Int.random(in: 0...most, using: &random) { makeRoute() }
    }

    private mutating func makeRoute() {
        var route = "\(prefix()) table \(random.one(of: members.isEmpty ? Self.tables : Self.tables + ["102"]))"
        if random.chance(40) { route += " metric \(random.one(of: [0, 1, 5]))" }
        if random.chance(10) { route += " tos \(random.one(of: ["0x10", "0x08", "0xb0"]))" }
        if random.chance(2) { route += " realms \(random.one(of: ["3", "3/4", "5/"]))" }
        let device = random.one(of: devices)
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1:
            ip("route add \(random.one(of: ["blackhole", "unreachable", "prohibit", "throw"])) \(route)")
        case 2: ip("route add local \(route) dev \(random.one(of: devices + ["lo"]))")
        case 3, 4:
            let hops = (0..<Int.random(in: 2...3, using: &random)).map { _ in
                var hop = "nexthop dev \(random.one(of: devices))"
                if random.chance(20) { hop = "nexthop via \(random.one(of: pool)) dev \(device) onlink" }
                if random.chance(20) { hop += " weight \(random.one(of: [2, 10, 200]))" }
                if random.chance(1) { hop += " realms 7" }
                return hop
            }
            ip("route add \(route) \(hops.joined(separator: " "))")
        case 5, 6: ip("route append \(route) nhid \(random.one(of: [1, 2, 3, 4, 5, 6, 10, 10]))")
        case 7, 8: ip("route append \(route) via \(random.one(of: pool)) dev \(device) onlink")
        case 9 where random.chance(30): ip("route add broadcast \(route) dev \(device)")
        case 9 where random.chance(20): ip("route add multicast \(route) dev \(device)")
        case 9 where random.chance(20): ip("route add anycast \(route) dev \(device)")
        case 9: ip("route append \(route) via inet6 fe80::1 dev \(device)")
        case 10: ip("route add \(route) dev \(device) scope \(random.one(of: ["global", "link", "host"]))")
        case 11 where random.chance(50) && !own.isEmpty:
            ip("route append \(route) dev \(device) src \(random.one(of: own))")
        case 11: ip("route prepend \(route) dev \(device)")
        case 12: ip("route replace \(route) dev \(device)")
        default: ip("route append \(route) dev \(device)")
        }
    }
}
