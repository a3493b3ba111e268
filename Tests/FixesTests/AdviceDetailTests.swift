// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Lab
import ModelLab
import Packets
import Routing
import Testing

@Suite struct AdviceDetailTests {
    private typealias Host = ModelLab.Lab
    private static let toHost = packet(from: Host.asymmetric, to: Host.local)

    private func fix(_ id: FixID, of advice: Advice) -> Fix? {
        ([advice.fix] + advice.alternatives).first { $0.id == id }
    }

    @Test func `without a snapshot nothing is recommended, and that is said`() {
        let finding = Problem(.wrongInterface, of: Self.toHost, in: Host()).finding
        let advice = advise(on: finding, model: nil)
        #expect(advice.fix.id == .none && advice.fix.predicted == .unknown)
        #expect(advice.fix.summary.contains("namespace is gone or could not be read"))
        #expect(advice.fix.admits == Fix.Admission(packets: 0, of: finding.detailed))
        #expect(advice.alternatives.isEmpty && advice.rejected.isEmpty)
    }

    @Test func `an interface that is gone is said to be gone`() {
        var problem = Problem(.wrongInterface, of: Self.toHost, in: host { $0[Host.a0].rpFilter = 1 })
        problem.interface = 99
        #expect(problem.advice.fix.summary.contains("The interface is gone"))
    }

    @Test func `what is admitted is scaled to the drops whose detail was received`() {
        var problem = Problem(
            .noRoute, of: packet(from: Host.unrouted, to: Host.local), in: host { $0[Host.a0].rpFilter = 1 })
        problem.detailed = 1_000
        #expect(problem.advice.fix.admits == Fix.Admission(packets: 1_000, of: 1_000))
    }

    @Test func `a fix for some of the packets only is not recommended`() {
        // One source is routed elsewhere, the other not at all: loose mode would let in the first alone.
        var problem = Problem(
            .wrongInterface, of: Self.toHost, packet(from: Host.unrouted, to: Host.local),
            in: host {
                $0.knowClient()
                $0[Host.a0].rpFilter = 1
            })
        problem.each = .max / 4
        problem.detailed = 999
        let advice = problem.advice
        #expect(advice.fix.id == .policyRule)
        #expect(fix(.interfaceLoose, of: advice) == nil)
    }

    @Test func `drops without detail get no fix`() {
        let problem = Problem(.wrongInterface, in: host { $0[Host.a0].rpFilter = 1 })
        #expect(problem.advice.fix.id == .none && problem.advice.fix.predicted == .unknown)
    }

    @Test func `neighbours that a rule would shut out are named`() {
        let problem = Problem(
            .wrongInterface, [.replyPathBroken], of: Self.toHost,
            in: host {
                $0.knowClient()
                $0[Host.a0].rpFilter = 1
                $0[Host.b0].rpFilter = 1
            })
        let effects = problem.advice.fix.sideEffects
        #expect(problem.advice.fix.id == .policyRule)
        #expect(effects.contains { $0.contains("Neighbours on b0") }, "\(effects)")
    }

    @Test func `the sysctl file is read as it is meant`() throws {
        let names: [InterfaceName] = ["eth0.100", "a;b$(c)", "-x", "it's", "eth0", "#x", "a'b"]
        for name in names {
            let problem = Problem(
                .wrongInterface, of: packet(from: Host.asymmetric, to: serviceAddress),
                in: host {
                    $0.serviceAddressOnLoopback()
                    $0[Host.a0].rpFilter = 1
                    $0.rename(Host.a0, name)
                })
            let persist = try #require(problem.advice.fix.persist)
            let namespace = try Namespace("persist")
            try namespace.run(["ip", "link", "add", name.text, "type", "veth", "peer", "name", "other"])
            try namespace.run(["sysctl", "-p", "/dev/stdin"], input: persist.content)
            let path = "/proc/sys/net/ipv4/conf/\(name.text)/rp_filter"
            #expect(try namespace.run(["cat", path]) == "2\n", "\(persist.content)")
            #expect(persist.path.allSatisfy { $0.isASCII && !$0.isWhitespace })
        }
    }

    @Test func `a dead route that the kernel could pass over is pointed out`() {
        let problem = Problem(
            .wrongInterface, [.nexthopDown, .worseMetricRoute], of: packet(from: Host.unrouted, to: Host.local),
            in: host {
                $0[Host.a0].rpFilter = 1
                $0.route("203.0.113.128/25", via: "198.51.100.2", Host.b0, metric: 10, isLinkDown: true)
                $0.route("203.0.113.128/25", via: "192.0.2.2", Host.a0, metric: 20)
            })
        let effects = problem.advice.fix.sideEffects
        #expect(
            effects.contains { $0.contains("sysctl -w net.ipv4.conf.b0.ignore_routes_with_linkdown=1") }, "\(effects)")
    }

    // MARK: The gateway

    private func gateway(_ change: (inout Host) -> Void) -> String? {
        let problem = Problem(
            .noRoute, of: packet(from: Host.unrouted, to: Host.local),
            in: host {
                $0[Host.a0].rpFilter = 1
                change(&$0)
            })
        return problem.advice.fix.commands.first
    }

    @Test func `a gateway that sent the frames is preferred to one that only stands in a route`() {
        let command = gateway {
            $0.route("198.18.0.0/15", via: "192.0.2.3", Host.a0)
            $0.knowClient()
        }
        #expect(command == "ip route add 203.0.113.200 via 192.0.2.2 dev a0")
    }

    @Test func `a gateway of a route stands when its MAC address is a virtual router's`() {
        let command = gateway {
            $0.route("198.18.0.0/15", via: "192.0.2.3", Host.a0)
            $0.facts.neighbors.append(
                Neighbor(
                    interface: Host.a0, address: address("192.0.2.3"), macAddress: MACAddress(rawValue: 0x5E00_0001)))
        }
        #expect(command == "ip route add 203.0.113.200 via 192.0.2.3 dev a0")
    }

    @Test func `a gateway that does not answer is not taken while there is another`() {
        let command = gateway {
            $0.route("198.18.0.0/15", via: "192.0.2.3", Host.a0)
            $0.route("198.18.0.0/16", via: "192.0.2.4", Host.a0)
            $0.facts.neighbors.append(Neighbor(interface: Host.a0, address: address("192.0.2.3"), hasFailed: true))
        }
        #expect(command == "ip route add 203.0.113.200 via 192.0.2.4 dev a0")
    }

    @Test func `a gateway outside the connected prefixes needs onlink`() {
        let command = gateway { $0.route("198.18.0.0/15", via: "198.18.0.1", Host.a0) }
        #expect(command == "ip route add 203.0.113.200 via 198.18.0.1 dev a0 onlink")
    }

    @Test func `a sender that is a neighbour itself needs no gateway`() {
        let command = gateway {
            $0.facts.neighbors.append(Neighbor(interface: Host.a0, address: Host.unrouted, macAddress: client))
        }
        #expect(command == "ip route add 203.0.113.200 dev a0")
    }
}
