// SPDX-License-Identifier: Apache-2.0
package import ModelLab
package import Packets

extension SeededGenerator {
    package mutating func one<T>(of values: [T]) -> T { values[Int.random(in: values.indices, using: &self)] }
    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A made-up host: interfaces, addresses, routes, rules and sysctls as commands, and packets to ask about. Addresses,
/// prefixes and marks come from small pools, so that they meet.
package struct RandomNetwork: Sendable {
    package struct Question: Sendable {
        package var packet: Packet
        package var interface: String
    }

    package static let interfaces = ["x0", "x1", "x2", "x3"]

    /// Lines for `ip -batch`; some may fail (a route that is there already), which is part of the game.
    package private(set) var commands: [String] = []
    /// Rules by DSCP, which few versions of `ip` can add.
    package private(set) var dscpRules: [(dscp: UInt8, priority: UInt32, table: UInt32)] = []
    /// Files below /proc/sys/net/ipv4/conf and what to write into them.
    package private(set) var sysctls: [(file: String, value: String)] = []
    package private(set) var questions: [Question] = []
    private var random: SeededGenerator
    private var pool: [String] = []

    package init(seed: UInt64, questions count: Int) {
        random = SeededGenerator(state: seed)
        for block in ["192.0.2", "198.51.100", "203.0.113"] {
            for host in [0, 1, 2, 5, 64, 65, 127, 128, 129, 200, 255] { pool.append("\(block).\(host)") }
        }
        makeInterfaces()
        makeRoutes()
        makeRules()
        makeSysctls()
        makeQuestions(count)
    }

    private mutating func makeInterfaces() {
        commands.append("link set lo up")
        for (index, name) in Self.interfaces.enumerated() {
            commands.append("link add \(name) type veth peer name y\(index)")
            commands.append("link set \(name) up")
            if random.chance(30) { commands.append("link set \(name) group 5") }
            // A missing carrier makes routes linkdown.
            if !random.chance(25) { commands.append("link set y\(index) up") }
        }
        for name in Self.interfaces + ["lo"] where random.chance(75) {
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let length = name == "lo" ? 32 : random.one(of: [24, 25, 26, 30, 31, 32])
                commands.append("address add \(random.one(of: pool))/\(length) broadcast + dev \(name)")
            }
        }
    }

    private mutating func prefix() -> String {
        if random.chance(15) { return "default" }
        let address = IPv4Address(random.one(of: pool)) ?? .unspecified
        return "\(IPv4Prefix(address, length: random.one(of: [8, 16, 24, 25, 26, 30, 32])))"
    }

    private mutating func makeRoutes() {
        commands += ["nexthop add id 1 dev x0", "nexthop add id 2 dev x1", "nexthop add id 10 group 1/2"]
        for _ in 0..<Int.random(in: 0...14, using: &random) {
            let table = random.one(of: ["main", "main", "100", "101", "default", "local"])
            var route = "\(prefix()) table \(table)"
            if random.chance(40) { route += " metric \(random.one(of: [0, 1, 5]))" }
            if random.chance(10) { route += " tos \(random.one(of: ["0x10", "0x08", "0xb0"]))" }
            if random.chance(2) { route += " realms 3" }
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                commands.append(
                    "route add \(random.one(of: ["blackhole", "unreachable", "prohibit", "throw"])) \(route)")
            case 1:
                commands.append("route add local \(route) dev \(random.one(of: Self.interfaces + ["lo"]))")
            case 2:
                let hops = (0..<Int.random(in: 2...3, using: &random))
                    .map { _ in "nexthop dev \(random.one(of: Self.interfaces))" }
                commands.append("route add \(route) \(hops.joined(separator: " "))")
            case 3:
                commands.append("route append \(route) nhid \(random.one(of: [1, 2, 10]))")
            case 4:
                let gateway = random.one(of: pool)
                commands.append("route append \(route) via \(gateway) dev \(random.one(of: Self.interfaces)) onlink")
            case 5 where random.chance(30):
                commands.append("route add broadcast \(route) dev \(random.one(of: Self.interfaces))")
            default:
                commands.append("route append \(route) dev \(random.one(of: Self.interfaces))")
            }
        }
        // Takes its routes along, but leaves multipath ones with a dead nexthop.
        if random.chance(15) { commands.append("link set \(random.one(of: Self.interfaces)) down") }
    }

    private mutating func makeRules() {
        guard random.chance(75) else { return }
        let priorities = [10, 20, 30, 32_766, 40_000]
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let priority = random.one(of: priorities)
            var rule = random.chance(10) ? "not " : ""
            let selectors = [
                "from \(prefix())", "to \(prefix())", "iif \(random.one(of: Self.interfaces + ["lo", "gone"]))",
                "oif \(random.one(of: Self.interfaces))", "fwmark \(random.one(of: ["1", "2", "0/0xff", "0x1/0xf"]))",
                "tos \(random.one(of: ["0x10", "0x08"]))", "ipproto 17",
                "ipproto 17 sport \(random.one(of: [9, 40_000]))",
                "ipproto 6", "ipproto 17 dport \(random.one(of: ["9", "40000", "1-10"]))", "uidrange 0-0",
                "uidrange 1000-2000",
            ].filter { !$0.hasSuffix(" default") }
            for _ in 0..<Int.random(in: 0...2, using: &random) { rule += "\(random.one(of: selectors)) " }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: rule += random.one(of: ["blackhole", "unreachable", "prohibit"])
            case 1: rule += "goto \(random.one(of: priorities))"
            case 2: rule += "nop"
            case 3: rule += "lookup main suppress_prefixlength \(random.one(of: [0, 8, 24]))"
            case 4: rule += "lookup \(random.one(of: ["100", "main"])) suppress_ifgroup \(random.one(of: [0, 5]))"
            default: rule += "lookup \(random.one(of: ["100", "101", "main", "default", "77"]))"
            }
            commands.append("rule add pref \(priority) \(rule)")
        }
        if random.chance(10) { commands.append("rule delete pref \(random.one(of: [0, 32_766, 32_767]))") }
        if random.chance(5) { commands.append("rule add pref 50 lookup local") }
        while random.chance(20) {
            // Of the packets' own, and with the low bits of one of them.
            dscpRules.append((random.one(of: [0x2C, 0x04, 0x02, 0x22, 0]), random.one(of: [5, 25]), 100))
        }
    }

    private mutating func makeSysctls() {
        for interface in Self.interfaces {
            sysctls.append(("\(interface)/rp_filter", "\(random.one(of: [0, 0, 1, 1, 1, 2]))"))
            for (name, percent) in [
                ("accept_local", 20), ("src_valid_mark", 30), ("forwarding", 50), ("route_localnet", 20),
                ("ignore_routes_with_linkdown", 30), ("send_redirects", 50), ("bc_forwarding", 20),
            ] {
                sysctls.append(("\(interface)/\(name)", random.chance(percent) ? "1" : "0"))
            }
        }
        // Writing `all` of forwarding would set every interface.
        for (name, percent) in [
            ("rp_filter", 15), ("accept_local", 5), ("src_valid_mark", 10), ("route_localnet", 5),
            ("ignore_routes_with_linkdown", 40), ("send_redirects", 50), ("bc_forwarding", 50),
        ] {
            sysctls.append(("all/\(name)", random.chance(percent) ? "1" : "0"))
        }
    }

    private mutating func makeQuestions(_ count: Int) {
        let assigned = commands.filter { $0.hasPrefix("address add") }
            .compactMap { $0.split(separator: " ")[2].split(separator: "/").first.map(String.init) }
        let strange = ["127.0.0.1", "127.0.0.9", "0.0.0.1", "255.255.255.255", "224.0.0.1", "240.0.0.1", "10.1.2.3"]
        for _ in 0..<count {
            let source = random.chance(12) ? random.one(of: strange) : random.one(of: pool)
            let destination =
                random.chance(60) && !assigned.isEmpty
                ? random.one(of: assigned) : random.chance(20) ? random.one(of: strange) : random.one(of: pool)
            var packet = Packet(
                source: IPv4Address(source) ?? .unspecified, destination: IPv4Address(destination) ?? .unspecified,
                transport: random.one(of: [.udp, .tcp]), sourcePort: random.one(of: [9, 40_000]),
                destinationPort: random.one(of: [9, 40_000]))
            packet.mark = random.one(of: [0, 0, 1, 2, 0x11])
            packet.tos = random.one(of: [0, 0, 0x10, 0x08, 0xB0])
            questions.append(Question(packet: packet, interface: random.one(of: Self.interfaces)))
        }
    }
}
