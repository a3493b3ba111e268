// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets

extension JSONBuffer {
    mutating func write(_ report: DropReport) {
        let drop = report.drop
        packet(drop.packet, interface: drop.interfaceName)
        container(report.namespace.container)
        key("rpf")
        beginObject()
        key("attributed")
        bool(report.attribution.attributed)
        key("cause")
        optional(report.attribution.cause) { $0.word($1.rawValue) }
        factors(report.attribution.factors)
        certainty(report.attribution.certainty)
        inference(snapshotTime: report.snapshotTime, raced: report.attribution.inferredFrom?.raced)
        key("drop_reason")
        optional(drop.reasonName) { $0.string($1, limit: Limit.name) }
        key("location")
        location(of: drop)
        key("path")
        optional(report.attribution.path) { $0.word($1.rawValue) }
        key("probe")
        word(drop.hooks.probeName)
        sysctl(drop.sysctls.map(SysctlValues.init))
        reverse(report.attribution.reverse)
        key("mark")
        number(drop.packet.mark)
        netns(report.namespace)
        key("ifindex")
        number(drop.key.interfaceIndex)
        interfaceHex("interface_hex", drop.interfaceName)
        key("iface_kind")
        optional(drop.interfaceKind) { $0.string($1, limit: Limit.name) }
        key("iface_has_ipv4")
        bool(drop.key.interfaceHasAddress)
        key("vrf")
        vrf(named: report.vrf, index: drop.vrf)
        key("finding_id")
        optional(report.findingID) { $0.string($1, limit: Limit.name) }
        endObject()
    }

    private mutating func packet(_ packet: Packet, interface: InterfaceName) {
        key("network")
        beginObject()
        raw("\"type\":\"ipv4\"")
        key("transport")
        optional(packet.transport.name) { $0.word($1) }
        key("iana_number")
        number(packet.transport.rawValue)
        key("packets")
        number(max(1, packet.gsoSegments))
        key("bytes")
        number(packet.length)
        key("interface")
        beginObject()
        key("name")
        string(interface)
        endObject()
        endObject()

        key("source")
        beginObject()
        key("address")
        address(packet.source)
        key("ip")
        address(packet.source)
        key("port")
        optional(packet.sourcePort) { $0.number($1) }
        key("mac")
        optional(packet.sourceMAC) { $0.mac($1) }
        endObject()

        key("destination")
        beginObject()
        key("address")
        address(packet.destination)
        key("ip")
        address(packet.destination)
        key("port")
        optional(packet.destinationPort) { $0.number($1) }
        endObject()
    }

    /// The symbol of the address that the packet was freed from, or the address itself.
    private mutating func location(of drop: DropEvent) {
        if let symbol = drop.locationSymbol {
            string(symbol, limit: Limit.name)
        } else if drop.location != 0 {
            word("0x" + String(drop.location, radix: 16))
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
