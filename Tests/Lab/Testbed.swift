// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A host with two NICs in namespaces of its own, and its neighbours; it goes when the last reference to it goes.
///
///     client                 host under test                    server
///     a1 192.0.2.2/24 ────── a0 192.0.2.1/24
///                            b0 198.51.100.1/24 ─────────────── b1 198.51.100.2/24
///                            203.0.113.0/25 via 198.51.100.2 dev b0
///
/// So a packet from 203.0.113.5 that comes in by `a0` is asymmetric, and 203.0.113.200 has no route at all. Every
/// sysctl that matters is 0 at first, whatever the machine's own are. There is no IPv6, so that nothing else is counted.
package final class Testbed {
    package let host: Namespace
    package let client: Namespace
    package let server: Namespace
    private var container: Namespace?
    private var tunDevices: [String: TunDevice] = [:]
    /// Takes the UDP packets to port 9, so that the host's own ICMP errors are not counted beside them.
    private var sink: UDPSink?

    /// The Ethernet address of an interface of the testbed: 02:00:00:00:00 and the name read as a hexadecimal number.
    package static func ethernetAddress(_ interface: String) -> [UInt8] {
        [0x02, 0, 0, 0, 0, UInt8(interface.prefix(2), radix: 16) ?? 0]
    }

    /// `lladdr` and `address` of `ip` commands.
    package static func ethernetText(_ interface: String) -> String {
        "02:00:00:00:00:\(interface.prefix(2))"
    }

    /// The base topology; with `unnamedHost` the host's namespace has a process and no name, like a container's.
    package init(unnamedHost: Bool = false) throws {
        host = unnamedHost ? try Namespace(unnamedHeldBy: ["sleep", "600"]) : try Namespace("host")
        client = try Namespace("client")
        server = try Namespace("server")
        for namespace in [host, client, server] { try Self.reset(namespace) }
        sink = try UDPSink(port: 9, in: host)
        try Self.batch(
            """
            link set lo up
            \(Self.veth("a0", "a1", peerIn: client))
            \(Self.veth("b0", "b1", peerIn: server))
            address add 192.0.2.1/24 broadcast + dev a0
            address add 198.51.100.1/24 broadcast + dev b0
            link set a0 up
            link set b0 up
            """, in: host)
        // Not by `ip`: starting a process takes longer than all of this.
        for (namespace, interface, address) in [(client, "a1", "192.0.2.2"), (server, "b1", "198.51.100.2")] {
            try namespace.enter {
                try bringUp("lo")
                try bringUp(interface, address: address)
            }
        }
        try host.enter { try addRoute("203.0.113.0", length: 25, via: "198.51.100.2", dev: "b0") }
    }

    /// The host's counters once they stand still: what another CPU receives may still be on its way.
    package func settledCounters() throws -> KernelCounters {
        var latest = try KernelCounters(of: host)
        _ = try eventually(within: 10) {
            let earlier = latest
            usleep(20_000)
            latest = try KernelCounters(of: host)
            return latest.reversePathFilter == earlier.reversePathFilter && latest.accepted == earlier.accepted
        }
        return latest
    }

    /// Lets another CPU than the sender's receive what comes in by an interface of the host, by interrupt.
    package func steerReceiving(of interface: String, toCPU cpu: Int) throws {
        let mask = String(1 << cpu, radix: 16)
        let file = "/sys/class/net/\(interface)/queues/rx-0/rps_cpus"
        // `ip netns exec` shows the namespace's own /sys.
        try runSuccessfully(["ip", "netns", "exec", host.argument, "sh", "-c", "echo \(mask) > \(file)"])
    }

    /// Takes the host's namespace down and waits until the kernel did: only then is its end of `a1` gone too.
    package func removeHost() throws -> Bool {
        sink = nil
        tunDevices = [:]
        host.remove()
        return try eventually(within: 30) {
            try client.enter { !(contents(of: "/proc/thread-self/net/dev") ?? "").contains("a1:") }
        }
    }

    /// Consecutive `ip` commands at one place are run by one process: on an emulated machine it is what takes time.
    package func apply(_ steps: [Step]) throws {
        var lines: [String] = []
        for (index, step) in steps.enumerated() {
            guard let line = try batchLine(step) else {
                try apply(step)
                continue
            }
            lines.append(line)
            let next = steps.indices.contains(index + 1) ? steps[index + 1] : nil
            if let next, next.place == step.place, try batchLine(next) != nil { continue }
            try Self.batch(lines.joined(separator: "\n"), in: namespace(step.place))
            lines = []
        }
        try waitForLinks()
    }

    /// The kernel tells routes of a gained or lost carrier a moment later: only then does a namespace stand still.
    private func waitForLinks() throws {
        let areSettled = try host.enter { try eventually { try linksAreSettled() } }
        guard areSettled else { throw LabError("the host's links do not settle") }
    }

    /// All of them by the names of their places.
    var namespaces: [(name: String, namespace: Namespace)] {
        [("host", host), ("client", client), ("server", server)] + (container.map { [("container", $0)] } ?? [])
    }

    package func namespace(_ place: Place) throws -> Namespace {
        switch place {
        case .host: return host
        case .client: return client
        case .server: return server
        case .container:
            if let container { return container }
            let made = try Namespace("container")
            try Self.reset(made)
            try Self.batch("link set lo up", in: made)
            container = made
            return made
        }
    }

    /// Sends a scenario's packets once.
    package func send(_ traffic: Traffic) throws {
        switch traffic.entry {
        case .wire(let interface, let receiver, let place):
            let sender = try PacketSender(
                on: interface, of: namespace(place), ethernetAddress: Self.ethernetAddress(interface))
            for _ in 0..<traffic.times { try sender.send(traffic.packets, to: Self.ethernetAddress(receiver)) }
        case .stack(let place):
            let sender = try StackSender(in: namespace(place))
            for _ in 0..<traffic.times { try sender.send(traffic.packets) }
        case .tunnel(let name):
            guard let device = tunDevices[name] else { throw LabError("no step opened the TUN device \(name)") }
            for _ in 0..<traffic.times { try device.receive(traffic.packets) }
        }
    }

    private func apply(_ step: Step) throws {
        let namespace = try namespace(step.place)
        switch step.action {
        case .ip(let words):
            try namespace.run(["ip"] + arguments(words))
        case .sysctl(let path, let value):
            try namespace.enter { try write(value, into: "/proc/sys/net/ipv4/\(path)") }
        case .command(let arguments, let input):
            try namespace.run(arguments, input: input)
        case .waitFor(let arguments, let isReady):
            let isThere = try eventually(within: 30) { isReady(try namespace.run(arguments)) }
            guard isThere else { throw LabError("\(arguments.joined(separator: " ")) never showed what it has to") }
        case .joinGroup(let group, let interface):
            try sink?.join(group, on: interface, in: namespace)
        case .openTun(let name):
            tunDevices[name] = try TunDevice(name, in: namespace)
        case .dscpRule(let dscp, let priority, let table):
            try namespace.enter { try addRule(dscp: dscp, priority: priority, table: table) }
        }
    }

    /// The words of an `ip` step, places replaced by their namespaces.
    private func arguments(_ words: String) throws -> [String] {
        try words.split(separator: " ").map { word in
            let place = word.first == "@" ? Place(rawValue: String(word.dropFirst())) : nil
            return try place.map { try namespace($0).argument } ?? String(word)
        }
    }

    /// An `ip` step as a line of `ip -batch`; nil for other steps, and for words that have a meaning there.
    private func batchLine(_ step: Step) throws -> String? {
        guard case .ip(let words) = step.action, !words.contains(where: { "\"'#\\".contains($0) }),
            !words.hasPrefix("-")
        else { return nil }
        return try arguments(words).joined(separator: " ")
    }

    /// Two connected interfaces with known Ethernet addresses, as a line for `ip -batch`.
    package static func veth(_ name: String, _ peer: String, peerIn namespace: Namespace) -> String {
        """
        link add name \(name) address \(ethernetText(name)) type veth \
        peer name \(peer) address \(ethernetText(peer)) netns \(namespace.argument)
        """
    }

    /// Runs lines of `ip` commands in one process.
    package static func batch(_ lines: String, in namespace: Namespace) throws {
        try namespace.run(["ip", "-batch", "-"], input: lines + "\n")
    }

    /// Values that a new namespace may have taken over from the machine's own.
    private static func reset(_ namespace: Namespace) throws {
        try namespace.enter {
            let values = [
                "rp_filter", "accept_local", "src_valid_mark", "route_localnet", "log_martians", "forwarding",
                "arp_filter", "arp_ignore", "arp_announce", "ignore_routes_with_linkdown",
            ]
            for interface in ["default", "all", "lo"] {
                for name in values { try write("0", into: "/proc/sys/net/ipv4/conf/\(interface)/\(name)") }
            }
            for interface in ["default", "all"] {
                let path = "/proc/sys/net/ipv6/conf/\(interface)/disable_ipv6"
                if contents(of: path) != nil { try write("1", into: path) }
            }
        }
    }
}
