// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets

extension JSONBuffer {
    mutating func write(_ finding: FindingReport, detail: JSONDetail) {
        object("network") {
            $0.key("type")
            $0.word(finding.path == .arp ? "arp" : finding.isIPv6 ? "ipv6" : "ipv4")
            $0.object("interface") { $0.member("name", finding.interface) }
        }
        container(finding.namespace.container)
        object("rpf") { $0.members(of: finding, detail: detail) }
    }

    /// The members of `rpf`.
    mutating func members(of finding: FindingReport, detail: JSONDetail) {
        key("finding_id")
        string(finding.id, limit: Limit.name)
        key("attributed")
        bool(finding.attributed)
        key("cause")
        optional(finding.cause) { $0.word($1.rawValue) }
        factors(finding.factors)
        certainty(finding.certainty)
        inference(snapshotTime: finding.inferredFrom?.snapshotTime, raced: finding.inferredFrom?.raced)
        key("drop_reason")
        optional(finding.dropReason) { $0.string($1, limit: Limit.name) }
        key("path")
        optional(finding.path) { $0.word($1.rawValue) }
        netns(finding.namespace)
        key("ifindex")
        number(finding.interfaceIndex)
        interfaceHex("interface_hex", finding.interface)
        key("iface_kind")
        optional(finding.interfaceKind) { $0.string($1, limit: Limit.name) }
        key("iface_has_ipv4")
        optional(finding.interfaceHasAddress) { $0.bool($1) }
        key("vrf")
        optional(finding.vrf) { $0.string($1) }
        interfaceHex("vrf_hex", finding.vrf)
        key("mark")
        optional(finding.mark) { $0.number($1) }
        sysctl(finding.sysctls)
        owners(finding.owners)
        reverse(finding.reverse)
        filterRule(finding.filterRule)
        sources(of: finding)
        example(finding.example)
        array("passes_if", finding.passesIf.prefix(ListLimit.sentences)) {
            $0.string($1, limit: Limit.text / 4)
        }
        array("changed_values", finding.changedValues) { list, change in
            list.beginObject()
            list.key("setting")
            list.string(change.setting, limit: Limit.long)
            list.key("before")
            list.optional(change.before) { $0.number($1) }
            list.key("after")
            list.number(change.after)
            list.key("time")
            list.time(change.time)
            list.writer(change.writer)
            list.endObject()
        }
        spoofing(finding.spoofing)
        key("drops")
        number(finding.drops)
        key("detailed")
        number(finding.detailed)
        key("first_seen")
        time(finding.firstSeen)
        key("last_seen")
        time(finding.lastSeen)
        key("fix")
        fix(finding.fix, withCommands: detail < .noCommands)
        array("alternatives", detail < .noAlternatives ? finding.alternatives : []) {
            $0.fix($1, withCommands: true)
        }
        array("rejected", finding.rejected.prefix(ListLimit.rejected)) { list, recipe in
            list.beginObject()
            list.key("recipe")
            list.string(recipe.recipe, limit: Limit.long)
            list.commands("commands", detail < .noAlternatives ? recipe.commands : [])
            list.key("reason")
            list.string(recipe.reason, limit: Limit.text / 4)
            list.endObject()
        }
    }

    /// Elements that a list may have.
    enum ListLimit {
        static let rejected = 32
        static let sentences = 64
    }

    private mutating func sources(of finding: FindingReport) {
        array("sources", finding.sources.prefix(FindingReport.addressLimit)) { list, source in
            list.beginObject()
            list.key("prefix")
            list.prefix(source.prefix)
            list.key("drops")
            list.number(source.drops)
            list.endObject()
        }
        array("destinations", finding.destinations.prefix(FindingReport.addressLimit)) { list, destination in
            list.beginObject()
            list.key("ip")
            list.address(destination.address)
            list.key("drops")
            list.number(destination.drops)
            list.endObject()
        }
    }

    private mutating func spoofing(_ evidence: SpoofingEvidence?) {
        key("spoofing")
        guard let evidence else { return null() }
        beginObject()
        key("sources")
        number(evidence.sources)
        key("estimated")
        bool(evidence.isEstimate)
        key("networks_8")
        number(evidence.networks8)
        key("networks_16")
        number(evidence.networks16)
        key("packets")
        number(evidence.packets)
        key("packets_per_source")
        tenths(evidence.tenthsPerSource)
        key("suspect_packets")
        number(evidence.suspectPackets)
        key("ttl_min")
        optional(evidence.timeToLive?.lowerBound) { $0.number($1) }
        key("ttl_max")
        optional(evidence.timeToLive?.upperBound) { $0.number($1) }
        key("macs")
        optional(evidence.stations) { $0.number($1) }
        key("looked_up_sources")
        optional(evidence.lookedUp) { $0.number($1) }
        key("connected_sources")
        optional(evidence.connected) { $0.number($1) }
        endObject()
    }

    private mutating func example(_ example: FindingReport.Example?) {
        key("example")
        guard let example else { return null() }
        beginObject()
        object("source") { $0.endpoint(example.source, port: example.sourcePort) }
        object("destination") { $0.endpoint(example.destination, port: example.destinationPort) }
        key("iana_number")
        number(example.transport.rawValue)
        endObject()
    }

    mutating func endpoint(_ host: IPAddress, port: UInt16?) {
        key("ip")
        address(host)
        key("port")
        optional(port) { $0.number($1) }
    }

    private mutating func filterRule(_ rule: FilterRule?) {
        key("filter_rule")
        guard let rule else { return null() }
        beginObject()
        key("tool")
        switch rule.tool {
        case .nft: word("nft")
        case .iptables(let command): string(command, limit: Limit.name)
        }
        key("family")
        string(rule.family, limit: Limit.name)
        key("table")
        string(rule.table, limit: Limit.long)
        key("chain")
        string(rule.chain, limit: Limit.long)
        key("handle")
        optional(rule.handle) { $0.number($1) }
        key("position")
        number(rule.position)
        key("text")
        string(rule.text)
        key("hook")
        optional(rule.place?.hook) { $0.string($1, limit: Limit.name) }
        key("priority")
        optional(rule.place?.priority) { $0.number($1) }
        key("dropped_by")
        switch rule.dropper {
        case nil: null()
        case .policy: word("policy")
        case .rule(_, let text): string(text)
        }
        key("dropped_by_position")
        if case .rule(let position, _) = rule.dropper { number(position) } else { null() }
        key("manager")
        optional(rule.manager) { $0.word($1.rawValue) }
        endObject()
    }

    private mutating func fix(_ fix: Fix, withCommands: Bool) {
        beginObject()
        key("id")
        word(fix.id.rawValue)
        key("summary")
        string(fix.summary)
        commands("commands", withCommands ? fix.commands : [])
        commands("revert", withCommands ? fix.revert : [])
        key("persist")
        if let persist = fix.persist, withCommands {
            beginObject()
            key("path")
            string(persist.path, limit: Limit.whole)
            key("content")
            string(persist.content, limit: Limit.whole)
            proof(of: persist)
            endObject()
        } else {
            null()
        }
        key("predicted")
        word(fix.predicted.rawValue)
        object("admits") {
            $0.key("packets")
            $0.number(fix.admits.packets)
            $0.key("of")
            $0.number(fix.admits.of)
        }
        array("widens", withCommands ? fix.widens : []) { list, widening in
            list.beginObject()
            list.member("interface", widening.interface)
            list.interfaceHex("interface_hex", widening.interface)
            list.key("before")
            list.number(widening.before)
            list.key("after")
            list.number(widening.after)
            list.endObject()
        }
        array("side_effects", fix.sideEffects.prefix(ListLimit.sentences)) { $0.string($1, limit: Limit.text / 4) }
        key("incomplete")
        bool(fix.incomplete || !withCommands)
        endObject()
    }

    private mutating func proof(of persist: Fix.Persistence) {
        key("reader")
        optional(persist.reader) { $0.string($1, limit: Limit.long) }
        key("proven")
        bool(persist.isProven)
        array("proof", persist.proof) { list, line in
            list.beginObject()
            list.member("interface", line.interface)
            list.interfaceHex("interface_hex", line.interface)
            list.key("key")
            list.word(line.key.rawValue)
            list.key("now")
            list.number(line.now)
            list.key("before")
            list.number(line.before)
            list.key("at_boot")
            list.number(line.atBoot)
            list.key("created_again")
            list.optional(line.createdAgain) { $0.number($1) }
            list.endObject()
        }
    }

    /// Never cut: half a command is worse than none.
    private mutating func commands(_ name: StaticString, _ texts: [String]) {
        array(name, texts) { $0.string($1, limit: Limit.whole) }
    }

    mutating func member(_ name: StaticString, _ interface: InterfaceName) {
        key(name)
        string(interface)
    }
}
