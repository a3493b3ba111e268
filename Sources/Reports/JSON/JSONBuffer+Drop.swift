// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets

extension JSONBuffer {
    mutating func write(_ judgement: Judgement) {
        container(judgement.namespace.container)
        key("rpf")
        beginObject()
        key("attributed")
        bool(judgement.attribution.attributed)
        key("cause")
        optional(judgement.attribution.cause) { $0.word($1.rawValue) }
        factors(judgement.attribution.factors)
        certainty(judgement.attribution.certainty)
        inference(snapshotTime: judgement.snapshotTime, raced: judgement.attribution.inferredFrom?.raced)
        key("drop_reason")
        optional(judgement.reasonName) { $0.string($1, limit: Limit.name) }
        key("location")
        location(judgement.location, symbol: judgement.locationSymbol)
        key("path")
        optional(judgement.attribution.path) { $0.word($1.rawValue) }
        key("probe")
        word(judgement.hooks.probeName)
        sysctl(judgement.sysctls.map(SysctlValues.init))
        reverse(judgement.attribution.reverse)
        key("mark")
        number(judgement.mark)
        netns(judgement.namespace)
        key("ifindex")
        number(judgement.interfaceIndex)
        interfaceHex("interface_hex", judgement.interface)
        key("iface_kind")
        optional(judgement.interfaceKind) { $0.string($1, limit: Limit.name) }
        key("iface_has_ipv4")
        optional(judgement.interfaceHasAddress) { $0.bool($1) }
        key("vrf")
        vrf(named: judgement.vrf, index: judgement.vrfIndex)
        key("finding_id")
        optional(judgement.findingID) { $0.string($1, limit: Limit.name) }
        endObject()
    }

    mutating func write(packetOf report: DropReport) {
        let packet = report.drop.packet
        key("network")
        beginObject()
        if report.isARP {
            raw("\"type\":\"arp\",\"transport\":null,\"iana_number\":null")
        } else {
            raw(packet.isIPv6 ? "\"type\":\"ipv6\",\"transport\":" : "\"type\":\"ipv4\",\"transport\":")
            optional(packet.transport.name) { $0.word($1) }
            key("iana_number")
            number(packet.transport.rawValue)
        }
        key("packets")
        number(max(1, packet.gsoSegments))
        key("bytes")
        number(packet.length)
        key("interface")
        beginObject()
        key("name")
        string(report.drop.interfaceName)
        endObject()
        endObject()

        key("source")
        beginObject()
        key("address")
        address(packet.sourceAddress)
        key("ip")
        address(packet.sourceAddress)
        key("port")
        optional(packet.sourcePort) { $0.number($1) }
        key("mac")
        optional(packet.sourceMAC) { $0.mac($1) }
        endObject()

        key("destination")
        beginObject()
        key("address")
        address(packet.destinationAddress)
        key("ip")
        address(packet.destinationAddress)
        key("port")
        optional(packet.destinationPort) { $0.number($1) }
        endObject()
    }

    /// The symbol of the address that the packet was freed from, or the address itself.
    private mutating func location(_ address: UInt64, symbol: String?) {
        if let symbol {
            string(symbol, limit: Limit.name)
        } else if address != 0 {
            word("0x" + String(address, radix: 16))
        } else {
            null()
        }
    }

    /// The VRF's name; `ifindex:N` when only its index is known.
    private mutating func vrf(named name: InterfaceName?, index: UInt32?) {
        if let name {
            string(name)
        } else if let index {
            word("ifindex:\(index)")
        } else {
            null()
        }
    }
}

extension DropHooks {
    /// `rpf.probe`: the kernel functions whose hooks saw the drop.
    var probeName: String {
        if contains([.drop, .verdict]) { return "fib_validate_source+kfree_skb" }
        return contains(.verdict) ? "fib_validate_source" : "kfree_skb"
    }
}
