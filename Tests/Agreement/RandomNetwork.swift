// SPDX-License-Identifier: Apache-2.0
package import ModelLab
import Packets

extension SeededGenerator {
    package mutating func one<T>(of values: [T]) -> T { values[Int.random(in: values.indices, using: &self)] }
    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A made-up host: interfaces, addresses, routes, rules and sysctls, and packets to ask about. Addresses, prefixes and
/// marks come from small pools, so that they meet.
package struct RandomNetwork: Sendable {
    package static let interfaces = ["x0", "x1", "x2", "x3"]
    /// Tables of the host's VRF and of its policy routing.
    static let tables = ["main", "main", "100", "101", "default", "local"]

    package internal(set) var host = DescribedHost()
    /// Each packet by the ways in which the kernel can be asked about it.
    package private(set) var questions: [Question] = []
    private let hasVRFs: Bool
    var random: SeededGenerator
    let pool: [String]
    /// Addresses of the host, and those beside the edges of its prefixes.
    var own: [String] = []
    var edges: [IPv4Address] = []
    /// Groups that some interface joined, and one that none did.
    var groups = ["233.252.0.9"]
    /// The VRF, when there is one, and its members.
    var members: [String] = []

    /// `hasVRFs`: the kernel knows them.
    package init(seed: UInt64, packets count: Int, hasVRFs: Bool) {
        random = SeededGenerator(state: seed)
        self.hasVRFs = hasVRFs
        pool = ["192.0.2", "198.51.100", "203.0.113"].flatMap { block in
            [0, 1, 2, 5, 64, 65, 127, 128, 129, 200, 255].map { "\(block).\($0)" }
        }
        makeInterfaces()
        makeAddresses()
        makeRoutes()
        makeRules()
        makeLateChanges()
        makeSysctls()
        makeMemberships()
        makeQuestions(count)
    }

    mutating func ip(_ arguments: String) { host.steps.append(.ip(arguments)) }

    /// The host's interfaces and, when it has one, its VRF.
    var devices: [String] { Self.interfaces + (members.isEmpty ? [] : ["v0"]) }

    mutating func prefix() -> String {
        if random.chance(12) { return "default" }
        let address = IPv4Address(random.one(of: pool)) ?? .unspecified
        let length =
            random.chance(15) ? UInt8.random(in: 0...32, using: &random) : random.one(of: [8, 16, 24, 25, 26, 30, 32])
        let prefix = IPv4Prefix(address, length: length)
        edges += [prefix.address, prefix.last]
        return "\(prefix)"
    }

    private mutating func makeInterfaces() {
        for (index, name) in Self.interfaces.enumerated() {
            // Indexes that differ on both ends: the kernel is slow to tell of the carrier of a device that it takes for
            // its own lower one.
            ip(
                "link add \(name) index \(11 + index) address 02:00:00:00:01:0\(index) type veth"
                    + " peer name y\(index) index \(101 + index) netns \(DescribedHost.wireName)")
        }
        if random.chance(25) {
            let chosen = Self.interfaces.filter { _ in random.chance(45) }
            members = hasVRFs ? chosen : []
            if !members.isEmpty {
                ip("link add v0 index 21 type vrf table \(random.one(of: [100, 102]))")
                ip("link set v0 up")
                for member in members { ip("link set \(member) master v0") }
            }
        }
        for (index, name) in Self.interfaces.enumerated() {
            ip("link set \(name) up")
            if random.chance(30) { ip("link set \(name) group 5") }
            // A missing carrier makes routes linkdown.
            if !random.chance(20) { host.steps.append(.wire("link set y\(index) up")) }
        }
    }

    private mutating func makeAddresses() {
        for name in devices + ["lo"] where random.chance(75) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let address =
                    random.chance(3) ? random.one(of: ["127.0.0.9", "0.0.0.1", "240.0.0.1"]) : random.one(of: pool)
                let length = name == "lo" || name == "v0" ? 32 : random.one(of: [24, 25, 26, 30, 31, 32])
                var command = "address add \(address)"
                if random.chance(10) {
                    command += " peer \(random.one(of: pool))/\(length)"
                } else {
                    command += "/\(length) broadcast \(random.chance(85) ? "+" : random.one(of: pool))"
                }
                if random.chance(10) { command += " scope \(random.one(of: ["host", "link"]))" }
                command += " dev \(name)"
                if random.chance(8) { command += " noprefixroute" }
                ip(command)
                own.append(address)
                if let address = IPv4Address(address) {
                    let prefix = IPv4Prefix(address, length: UInt8(length))
                    edges += [prefix.address, prefix.last]
                }
            }
        }
    }

    private mutating func makeSysctls() {
        func set(_ file: String, _ value: String) { host.steps.append(.sysctl(file: file, value: value)) }
        for interface in devices {
            set("\(interface)/rp_filter", "\(random.one(of: random.chance(5) ? [3, -1] : [0, 0, 1, 1, 1, 2]))")
            for (name, percent) in [
                ("accept_local", 20), ("src_valid_mark", 30), ("forwarding", 75), ("route_localnet", 20),
                ("ignore_routes_with_linkdown", 30), ("send_redirects", 50), ("bc_forwarding", 20),
            ] {
                set("\(interface)/\(name)", random.chance(percent) ? "1" : "0")
            }
        }
        // Writing `all` of forwarding would set every interface.
        for (name, percent) in [
            ("rp_filter", 15), ("accept_local", 5), ("src_valid_mark", 10), ("route_localnet", 5),
            ("ignore_routes_with_linkdown", 40), ("send_redirects", 50), ("bc_forwarding", 50),
        ] {
            set("all/\(name)", random.chance(percent) ? "1" : "0")
        }
    }

    /// What happens to a host that stands: links and carriers go, addresses, routes and rules are taken away again.
    private mutating func makeLateChanges() {
        let added = host.steps.compactMap { step -> String? in
            guard case .ip(let arguments) = step else { return nil }
            return arguments
        }
        let rules = added.filter { $0.hasPrefix("rule add") }
        if !rules.isEmpty && random.chance(25) {
            // All of them: what stays is that there were some.
            for rule in random.chance(60) ? rules : [random.one(of: rules)] {
                ip("rule delete" + rule.dropFirst("rule add".count))
            }
        } else if random.chance(8) {
            ip("rule add pref 77 lookup 77")
            ip("rule delete pref 77")
        }
        let locals = added.filter { $0.hasPrefix("route add local") }
        if random.chance(20) { for route in locals { ip("route delete" + route.dropFirst("route add".count)) } }
        if random.chance(5) {
            ip("route add local 203.0.113.77 dev lo table local")
            ip("route delete local 203.0.113.77 dev lo table local")
        }
        if random.chance(15) && !own.isEmpty { ip("route delete local \(random.one(of: own)) table local") }
        if random.chance(8) { ip("route delete broadcast \(random.one(of: pool)) table local") }
        if random.chance(10) && !own.isEmpty {
            ip("address delete \(random.one(of: own)) dev \(random.one(of: Self.interfaces))")
        }
        if random.chance(10) { ip("nexthop delete id \(Int.random(in: 1...6, using: &random))") }
        if random.chance(8) {
            let interface = random.one(of: Self.interfaces)
            ip("link set \(interface) down")
            ip("link set \(interface) up")
        }
        // A rule that names it selects nothing from then on.
        if random.chance(5) {
            ip("link set x3 down")
            ip("link set x3 name z3")
            ip("link set z3 up")
        }
        // Takes its routes along, but leaves multipath ones with a dead nexthop.
        if random.chance(15) { ip("link set \(random.one(of: Self.interfaces)) down") }
        if random.chance(25) {
            host.steps.append(.wire("link set y\(Int.random(in: 0...3, using: &random)) down"))
        }
    }

    private mutating func makeMemberships() {
        while random.chance(40) {
            let group = random.one(of: ["233.252.0.1", "233.252.0.2", "224.0.0.9"])
            groups.append(group)
            host.steps.append(.membership(group: group, interface: random.one(of: Self.interfaces)))
        }
    }

    private mutating func makeQuestions(_ count: Int) {
        for _ in 0..<count {
            var packet = packet()
            let interface = random.one(of: Self.interfaces)
            if random.chance(12) {
                // Nothing on the wire would mark it.
                packet.mark = 0
                questions.append(Question(packet: packet, interface: interface, way: .arp))
                continue
            }
            let question = Question(packet: packet, interface: interface, way: .wire)
            questions.append(question)
            if question.canBeAskedByRoute {
                questions.append(Question(packet: packet, interface: interface, way: .route))
            }
        }
    }
}
