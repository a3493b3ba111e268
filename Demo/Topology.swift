// SPDX-License-Identifier: Apache-2.0
import Lab
import Packets

/// A network in which strict filtering on one host loses a client's requests.
struct Topology {
    var title: String
    var picture: String
    var client: Namespace
    /// The host that drops.
    var host: Namespace
    /// What the client asks for.
    var service: IPv4Address
    /// Where the requests come in, and where the replies go out.
    var ingress: String
    var egress: String
    /// The namespaces that only have to exist.
    var others: [Namespace]
}

extension Topology {
    /// The demo's networks, in order.
    static let all: [@Sendable () throws -> Topology] = [twoInterfaces, directReturn]

    /// Requests enter by one NIC; the default route answers by the other.
    @Sendable private static func twoInterfaces() throws -> Topology {
        let client = try Namespace("client")
        let gateway = try Namespace("gateway")
        let host = try Namespace("host")
        try strict(host)
        try router(gateway)
        try host.connect("eth0", "192.0.2.10/24", to: gateway, "front", "192.0.2.1/24")
        try host.connect("eth1", "198.51.100.10/24", to: gateway, "back", "198.51.100.1/24")
        try client.connect("eth0", "203.0.113.10/24", to: gateway, "client", "203.0.113.1/24")
        try client.configure("route add default via 203.0.113.1")
        try host.configure("route add default via 198.51.100.1")
        return Topology(
            title: "a host with two NICs: requests enter eth0, replies leave eth1",
            picture: """
                client 203.0.113.10 -> gateway -> eth0 192.0.2.10     host
                                    <- gateway <- eth1 198.51.100.10  default route via eth1
                """,
            client: client, host: host, service: IPv4Address(rawValue: 0xC000_020A), ingress: "eth0", egress: "eth1",
            others: [gateway])
    }

    /// Load balancing by direct return, as LVS-DR does it: the director passes the client's packets on as they are.
    ///
    /// IPVS would choose the real server and rewrite only the frame's addresses. A host route to the real server does
    /// exactly that to each packet, so the demo does not need the kernel module.
    @Sendable private static func directReturn() throws -> Topology {
        let client = try Namespace("client")
        let gateway = try Namespace("gateway")
        let director = try Namespace("director")
        let server = try Namespace("server")
        try strict(server)
        try router(gateway)
        try router(director)
        try client.connect("eth0", "203.0.113.10/24", to: gateway, "client", "203.0.113.1/24")
        try director.connect("front", "198.51.100.2/25", to: gateway, "front", "198.51.100.1/25")
        try server.connect("eth0", "192.0.2.20/25", to: director, "back", "192.0.2.1/25")
        try server.connect("eth1", "192.0.2.220/25", to: gateway, "back", "192.0.2.129/25")
        try client.configure("route add default via 203.0.113.1")
        try gateway.configure("route add 198.51.100.200/32 via 198.51.100.2")
        try director.configure("route add 198.51.100.200/32 via 192.0.2.20")
        try server.configure("address add 198.51.100.200/32 dev lo", "route add default via 192.0.2.129")
        return Topology(
            title: "LVS-DR: a director forwards to a real server, which answers the client directly",
            picture: """
                client 203.0.113.10 -> gateway -> director -> eth0 192.0.2.20   real server
                                    <- gateway <------------- eth1 192.0.2.220  VIP 198.51.100.200 on lo
                (This kernel's IPVS is not used: the director forwards with a host route, which leaves source
                and destination alone just as LVS-DR does.)
                """,
            client: client, host: server, service: IPv4Address(rawValue: 0xC633_64C8), ingress: "eth0", egress: "eth1",
            others: [gateway, director])
    }

    /// As vendor images and hardening profiles set it before any interface appears, so that each one starts strict.
    private static func strict(_ namespace: Namespace) throws {
        for name in ["all", "default"] { try namespace.setReversePathFilter(1, of: name) }
    }

    /// Forwards, and does not filter, whatever this machine's own settings are.
    private static func router(_ namespace: Namespace) throws {
        for name in ["all", "default"] { try namespace.setReversePathFilter(0, of: name) }
        try namespace.enter { try write("1", into: "/proc/sys/net/ipv4/ip_forward") }
    }
}

extension Namespace {
    fileprivate func configure(_ commands: String...) throws {
        try run(["ip", "-batch", "-"], input: commands.joined(separator: "\n") + "\n")
    }

    /// A cable to another namespace; both ends are up.
    fileprivate func connect(
        _ name: String, _ address: String, to other: Namespace, _ otherName: String, _ otherAddress: String
    ) throws {
        try configure(
            "link set lo up", "link add \(name) type veth peer name \(otherName) netns \(other.argument)",
            "address add \(address) dev \(name)", "link set \(name) up")
        try other.configure(
            "link set lo up", "address add \(otherAddress) dev \(otherName)", "link set \(otherName) up")
    }

    func setReversePathFilter(_ value: Int, of name: String) throws {
        try enter { try write("\(value)", into: "/proc/sys/net/ipv4/conf/\(name)/rp_filter") }
    }
}
