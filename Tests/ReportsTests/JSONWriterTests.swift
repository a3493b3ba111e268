// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Foundation
import Packets
import Reports
import Testing

/// The value that a path of keys leads to.
func value(_ json: Any?, _ path: String) -> Any? {
    path.split(separator: ".").reduce(json) { ($0 as? [String: Any])?[String($1)] }
}

func parsed(_ event: Event) throws -> [String: Any] {
    var writer = JSONWriter()
    writer.encode(event)
    #expect(writer.line.last == UInt8(ascii: "\n"))
    #expect(writer.line.dropLast().allSatisfy { $0 >= 0x20 })
    return try #require(try JSONSerialization.jsonObject(with: Data(writer.line)) as? [String: Any])
}

@Suite struct JSONWriterTests {
    @Test func everyEventIsOneLineOfJSON() throws {
        for event in Samples.run {
            let json = try parsed(event)
            #expect(value(json, "event.action") as? String == event.action.rawValue)
            #expect(value(json, "schema_version") as? Int == 1)
            #expect(value(json, "host.name") as? String == "web-1")
            #expect(value(json, "service.name") as? String == "rpfwatch")
            #expect((value(json, "message") as? String)?.isEmpty == false)
        }
    }

    @Test func sequenceCountsWhatWasWritten() throws {
        var writer = JSONWriter()
        for expected in 1...5 {
            writer.encode(Samples.drop())
            let json = try JSONSerialization.jsonObject(with: Data(writer.line))
            #expect(value(json, "event.sequence") as? Int == expected)
        }
    }

    @Test func arpRequestHasNoTransport() throws {
        let json = try parsed(Samples.arpRequest)
        #expect(value(json, "network.type") as? String == "arp")
        #expect(value(json, "network.transport") is NSNull)
        #expect(value(json, "network.iana_number") is NSNull)
        #expect((value(json, "message") as? String)?.contains(" arp on eth0") == true)
    }

    @Test func dropCarriesPacketVerdictAndNamespace() throws {
        let json = try parsed(Samples.drop())
        #expect(value(json, "@timestamp") as? String == "2026-08-01T10:00:01.500000123Z")
        #expect(value(json, "network.transport") as? String == "tcp")
        #expect(value(json, "network.iana_number") as? Int == 6)
        #expect(value(json, "network.packets") as? Int == 1)
        #expect(value(json, "network.bytes") as? Int == 60)
        #expect(value(json, "source.ip") as? String == "203.0.113.7")
        #expect(value(json, "source.port") as? Int == 40_000)
        #expect(value(json, "source.mac") as? String == "02-00-5E-10-00-FF")
        #expect(value(json, "destination.port") as? Int == 443)
        #expect(value(json, "network.interface.name") as? String == "eth0")
        #expect(value(json, "rpf.cause") as? String == "wrong_interface")
        #expect(value(json, "rpf.sysctl.effective") as? Int == 1)
        #expect(value(json, "rpf.mark") as? Int == 0)
        #expect(value(json, "rpf.netns.cookie") as? String == "1")
        #expect(value(json, "rpf.netns.inum") as? Int == 4_026_531_840)
        #expect(value(json, "rpf.reverse.iface") as? String == "eth1")
        #expect(value(json, "rpf.inferred_from.snapshot_time") as? String == "2026-08-01T10:00:30.012000000Z")
        #expect(value(json, "container.id") is NSNull)
        #expect(value(json, "rpf.interface_hex") is NSNull)
        #expect(value(json, "event.reason") as? String == "wrong_interface")
    }

    @Test func whatIsNotKnownIsNullAndEveryKeyStays() throws {
        func keys(_ json: Any, _ prefix: String = "") -> Set<String> {
            guard let object = json as? [String: Any] else { return [prefix] }
            return object.reduce(into: [prefix]) { $0.formUnion(keys($1.value, prefix + "." + $1.key)) }
        }
        var bare = Samples.dropEvent(reason: nil)
        bare.packet = Packet(source: .unspecified, destination: .unspecified, transport: IPProtocol(rawValue: 253))
        bare.interfaceKind = nil
        bare.sysctls = nil
        bare.locationSymbol = nil
        bare.location = 0
        let unknown = Event(
            drop: bare,
            attribution: DropAttribution(
                attributed: true, cause: nil, certainty: Certainty(attributed: .observed, cause: .inferred)),
            namespace: NamespaceIdentity(inode: 7), findingID: nil, clock: Samples.clock, origin: Samples.origin)
        let json = try parsed(unknown)
        // `inferred_from` is null as a whole when nothing was inferred.
        let full = keys(try parsed(Samples.drop())).filter { !$0.hasPrefix(".rpf.inferred_from.") }
        #expect(keys(json) == full)
        for path in ["network.transport", "source.port", "source.mac", "rpf.cause", "rpf.sysctl.all", "rpf.location"] {
            #expect(value(json, path) is NSNull, "\(path)")
        }
        #expect(value(json, "network.packets") as? Int == 1)
        #expect(value(json, "network.bytes") as? Int == 0)
    }

    @Test func theKernelsNamesSurviveWhateverTheyAre() throws {
        let json = try parsed(Samples.drop(interface: InterfaceName(bytes: [0x65, 0xFF, 0x1B, 0x22, 0x5C])))
        #expect(value(json, "network.interface.name") as? String == "e\u{FFFD}\u{1B}\"\\")
        #expect(value(json, "rpf.interface_hex") as? String == "65ff1b225c")

        var namespace = Samples.blue
        namespace.command = "\u{1B}]0;pwned\u{7}\u{202E}\u{9B}ü\u{1F600}"
        let hostile = Samples.drop(interface: "a;b$(c)", namespace: namespace)
        var writer = JSONWriter()
        writer.encode(hostile)
        #expect(writer.line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(!String(decoding: writer.line, as: UTF8.self).unicodeScalars.contains("\u{202E}"))
        #expect(value(try parsed(hostile), "rpf.netns.comm") as? String == namespace.command)
        #expect(value(try parsed(hostile), "network.interface.name") as? String == "a;b$(c)")
    }

    @Test func shortEventsStayShortWhateverTheyCarry() throws {
        for filler in ["x", "\u{1}", "\"", "ü", "\u{1F600}", "\u{E000}"] {
            let long = String(repeating: filler, count: 65_536)
            var drop = Samples.dropEvent(interface: InterfaceName(long), reason: long)
            drop.interfaceKind = long
            drop.locationSymbol = long
            drop.time = .max
            drop.packet = Packet(
                source: .limitedBroadcast, destination: .limitedBroadcast, transport: .udp, sourcePort: .max,
                destinationPort: .max, mark: .max, length: .max, gsoSegments: .max,
                sourceMAC: MACAddress(rawValue: .max))
            drop.sysctls = SysctlsAtDrop(rpFilterAll: .min, rpFilterInterface: .min)
            let attribution = DropAttribution(
                attributed: false, cause: .wrongInterface, factors: Factor.allCases,
                certainty: Certainty(attributed: .inferred, cause: .inferred),
                inferredFrom: InferenceSource(snapshotTime: 1, raced: false), path: .multicast,
                reverse: ReverseRoute(
                    kind: long, interface: InterfaceName(long), interfaceIndex: .max, gateway: .limitedBroadcast,
                    table: .max, rulePriority: .max, prefix: IPv4Prefix(.limitedBroadcast, length: 32)))
            let namespace = NamespaceIdentity(
                inode: .max, cookie: .max, name: long, processID: .max, command: long,
                container: Container(id: long, name: long))
            let totals = Totals(
                drops: .max, emitted: .max, suppressed: .max, lost: .max, filtered: .max, otherDrops: .max,
                otherReasons: Array(repeating: ReasonCount(reason: long, drops: .max), count: 1000),
                kernel: KernelReconciliation(
                    counted: 0, ipReversePathFilter: .max, min: .max, max: .max, netnsWatched: .max,
                    netnsUnreadable: .max))
            let origin = Origin(host: long, version: long)
            let events = [
                Event(
                    drop: drop, attribution: attribution, namespace: namespace, findingID: long, clock: Samples.clock,
                    origin: origin, vrf: InterfaceName(long)),
                Event(time: Samples.start, origin: origin, duration: .max, payload: .stats(totals)),
                Event(
                    time: Samples.start, origin: origin,
                    payload: .lost(Loss(source: .outputQueue, count: .max, total: .max))),
            ]
            for event in events {
                var writer = JSONWriter()
                writer.encode(event)
                #expect(
                    writer.line.count <= JSONWriter.shortLineLimit + 1,
                    "\(event.action) with \(filler.debugDescription)")
                _ = try parsed(event)
            }
        }
    }

    @Test func longEventsStayInTheirLimitAndNeverCutACommand() throws {
        let long = String(repeating: "\u{1}", count: 65_536)
        var finding = Samples.finding
        finding.fix.commands = Array(repeating: "sysctl -w net.ipv4.conf.eth0.rp_filter=1", count: 30_000)
        finding.fix.summary = long
        finding.fix.sideEffects = Array(repeating: long, count: 1000)
        finding.rejected = Array(repeating: RejectedRecipe(recipe: long, commands: [long], reason: long), count: 1000)
        finding.alternatives = Array(repeating: Samples.ruleFix, count: 3000)
        finding.sources = Array(repeating: finding.sources[0], count: 1000)
        finding.namespace.name = long
        let event = Samples.event(.finding(finding))
        var writer = JSONWriter()
        writer.encode(event)
        #expect(writer.line.count <= JSONWriter.longLineLimit + 1)
        #expect(writer.nextSequence == 2)
        let json = try parsed(event)
        #expect((value(json, "rpf.fix.commands") as? [Any])?.isEmpty == true)
        #expect(value(json, "rpf.fix.incomplete") as? Bool == true)
    }

    @Test func unexplainedIsTheSignedDistanceFromTheBounds() {
        #expect(KernelReconciliation.unexplained(counted: 10, min: 8, max: 12) == 0)
        #expect(KernelReconciliation.unexplained(counted: 7, min: 8, max: 12) == 1)
        #expect(KernelReconciliation.unexplained(counted: 15, min: 8, max: 12) == -3)
        #expect(KernelReconciliation.unexplained(counted: 0, min: .max, max: .max) == .max)
        #expect(KernelReconciliation(counted: 3).unexplained == nil)
    }
}
