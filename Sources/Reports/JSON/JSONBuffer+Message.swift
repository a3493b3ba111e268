// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Packets

/// `message`: the event in one short sentence, for people who look at the stream.
extension JSONBuffer {
    mutating func message(of event: Event) {
        openString()
        switch event.payload {
        case .drop(let drop): content(of: drop)
        case .finding(let finding): content(Sentences.headline(of: finding), limit: Limit.text)
        case .start(let start): content(Sentences.started(start), limit: Limit.long)
        case .stats(let totals): content(Sentences.summary(of: totals), limit: Limit.long)
        case .lost(let loss): content(Sentences.lost(loss), limit: Limit.long)
        case .configChange(let change): content(Sentences.changed(change), limit: Limit.text)
        case .end(let end): content(Sentences.ended(end), limit: Limit.long)
        }
        closeString()
    }

    /// Written in pieces, since there is one for every drop: `rp_filter dropped 192.0.2.9 > 192.0.2.1 udp on eth0: no_route`.
    private mutating func content(of report: DropReport) {
        let packet = report.drop.packet
        raw(report.attribution.attributed ? "rp_filter dropped " : "not rp_filter: dropped ")
        content(packet.sourceAddress, port: packet.sourcePort)
        raw(" > ")
        content(packet.destinationAddress, port: packet.destinationPort)
        if report.isARP {
            raw(" arp")
        } else if let name = packet.transport.name {
            raw(" ")
            word(part: name)
        } else {
            raw(" protocol ")
            digits(UInt64(packet.transport.rawValue))
        }
        raw(" on ")
        content(report.drop.interfaceName)
        raw(": ")
        word(part: report.attribution.cause?.rawValue ?? "cause unknown")
    }

    private mutating func content(_ address: IPAddress, port: UInt16?) {
        guard let port else { return content(address) }
        if address.isIPv6 { raw("[") }
        content(address)
        raw(address.isIPv6 ? "]:" : ":")
        digits(UInt64(port))
    }
}
