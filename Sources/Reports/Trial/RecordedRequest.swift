// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
package import Facts
package import Packets

/// What a file says is to be fixed: a finding of a trace, or a packet that `explain` says would be refused.
///
/// Only what the packets are and where they come in is taken from it. What is changed is worked out anew on the host as it
/// is now: a file is data.
package struct RecordedRequest: Hashable, Sendable {
    package var findingID: String
    package var host: String
    package var namespace: NamespaceIdentity
    package var interface: InterfaceName
    package var isARP: Bool
    /// The packet filter's word is not in the routing model: such a drop has to be seen.
    package var isNetfilter: Bool
    /// Packets like those that were refused, at most 256.
    package var packets: [Packet]

    /// The findings and explanations of recorded JSON, each the last of its id, in the order of the file.
    package static func read(_ octets: [UInt8]) -> [Self] {
        var order: [String] = []
        var requests: [String: Self] = [:]
        for line in octets.split(separator: UInt8(ascii: "\n")) where line.count <= Recording.lineLimit {
            guard let json = try? JSONParser.parse(line), let request = Self(json) else { continue }
            if requests.updateValue(request, forKey: request.findingID) == nil { order.append(request.findingID) }
            if order.count > Recording.findingLimit { break }
        }
        return order.compactMap { requests[$0] }
    }

    private init?(_ json: JSONValue) {
        guard let finding = try? FindingReport(json) else { return nil }
        findingID = finding.id
        host = json.member("host.name")?.string ?? ""
        namespace = finding.namespace
        interface = finding.interface
        isARP = finding.path == .arp
        isNetfilter = finding.cause == .netfilter
        let tos = json.member("rpf.explain.tos")?.integer(UInt8.self) ?? 0
        packets = Self.packets(of: finding, tos: tos)
    }

    /// The example first, then every pair of a single source address and a destination.
    private static func packets(of finding: FindingReport, tos: UInt8) -> [Packet] {
        let example = finding.example
        // IPv6 has no rp_filter, so there is no question to ask about it.
        func packet(_ source: IPAddress, _ destination: IPAddress) -> Packet? {
            guard case .v4(let source) = source, case .v4(let destination) = destination else { return nil }
            return Packet(
                source: source, destination: destination, transport: example?.transport ?? .udp,
                sourcePort: example?.sourcePort, destinationPort: example?.destinationPort, tos: tos,
                mark: finding.mark ?? 0)
        }
        var packets = [example.flatMap { packet($0.source, $0.destination) }].compactMap(\.self)
        for source in finding.sources where source.prefix.length == 32 {
            for destination in finding.destinations {
                guard let other = packet(source.prefix.address, destination.address) else { continue }
                if !packets.contains(other) { packets.append(other) }
            }
        }
        return Array(packets.prefix(256))
    }
}
