// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets

/// What the program says about each cause, factor and path: one sentence for each, here and nowhere else.
enum Sentences {
    // MARK: What happened

    /// `1,204 packets from 203.0.113.0/24 to 192.0.2.10, entering eth0 in the host's network namespace, were dropped by
    /// rp_filter`, without a full stop.
    static func headline(of finding: FindingReport) -> String {
        let noun = finding.path == .arp ? "ARP request" : finding.isIPv6 ? "IPv6 packet" : "packet"
        var text = Wording.count(finding.drops, noun)
        if !finding.sources.isEmpty {
            text += " from \(Wording.list(finding.sources.map { $0.prefix.description }))"
        }
        if finding.path != .arp && !finding.destinations.isEmpty {
            text += " to \(Wording.list(finding.destinations.map(\.address.description)))"
        }
        text += ", entering \(finding.interface.display) in \(Names.long(finding.namespace)), "
        text += finding.drops == 1 ? "was " : "were "
        if finding.path == .arp {
            return text
                + (finding.attributed ? "left unanswered because of rp_filter" : "left unanswered, not by rp_filter")
        }
        return text + (finding.attributed ? "dropped by rp_filter" : "dropped, but not by rp_filter")
    }

    /// `For example 203.0.113.7:40000 > 192.0.2.10:443 (tcp).`
    static func example(_ example: FindingReport.Example) -> String {
        let source = example.source.description(port: example.sourcePort)
        let destination = example.destination.description(port: example.destinationPort)
        // Protocol 0 stands for ARP, which has none.
        return example.transport.rawValue == 0
            ? "For example a request of \(source) for \(destination)."
            : "For example \(source) > \(destination) (\(example.transport))."
    }

    /// The mode that counted and the setting it comes from; nil when the sysctls are not known.
    static func mode(of finding: FindingReport) -> String? {
        guard let sysctls = finding.sysctls else { return nil }
        let name = Names.mode(sysctls.effective)
        let all = "net.ipv4.conf.all.rp_filter"
        let interface = finding.interface.display
        let own = InterfaceSysctl.name(finding.interface, "rp_filter")
        var text =
            if sysctls.all > sysctls.interface {
                "Effective mode: \(name), because \(all)=\(sysctls.all) > \(interface)=\(sysctls.interface)"
            } else if sysctls.all < sysctls.interface {
                "Effective mode: \(name), because \(own)=\(sysctls.interface) > all=\(sysctls.all)"
            } else {
                "Effective mode: \(name), because \(all)=\(sysctls.all) and \(interface)=\(sysctls.interface)"
            }
        text += sysctls.all == sysctls.interface ? "." : "; the larger value counts."
        if sysctls.effective > 2 || sysctls.effective < 0 {
            text += " A value of \(sysctls.effective) acts as loose."
        }
        return text
    }

    static func sentence(for path: PacketPath) -> String {
        switch path {
        case .input: "The packets were for this host itself."
        case .forward: "The packets were to be forwarded."
        case .multicast: "The packets were multicast; log_martians prints nothing for those."
        case .broadcast: "The packets were broadcasts."
        case .arp:
            "The kernel checks the sender before it answers ARP. Until that passes, no IP packet will come here at all."
        }
    }

    // MARK: Why

    /// For a heading: the cause in a few words.
    static func title(of finding: FindingReport) -> String {
        let interface = finding.interface.display
        guard let cause = finding.cause else {
            return finding.attributed
                ? "\(interface): dropped by rp_filter, which way is not known"
                : "\(interface): dropped, cause not known"
        }
        return switch cause {
        case .wrongInterface: "\(interface): the route back to the source uses another interface"
        case .noRoute: "\(interface): there is no route back to the source"
        case .noAddress: "\(interface): it has no IPv4 address, and the route back uses another interface"
        case .localSource: "\(interface): the source looks like an address of this host"
        case .invalidSource: "\(interface): the source is not an address that a host may have"
        case .localnet: "\(interface): a loopback address came from the network"
        case .netfilter: "\(interface): a packet filter rule dropped it"
        case .other: "\(interface): dropped for another reason"
        }
    }

    /// What the kernel's check found, in full.
    static func explanation(of finding: FindingReport) -> String {
        let interface = finding.interface.display
        guard let cause = finding.cause else {
            return finding.attributed
                ? "rp_filter dropped the packets. Which of its checks failed could not be told."
                : "The kernel refused the packets, and which check did it could not be told."
        }
        let back = route(of: finding)
        switch cause {
        case .wrongInterface:
            return
                "\(back), not by \(interface). Strict mode accepts a source only on the interface that its route uses."
        case .noRoute:
            return "\(back). Strict and loose mode both drop a source that cannot be reached."
        case .noAddress:
            return
                "\(back), and \(interface) has no IPv4 address. In that case loose mode drops just as strict mode does."
        case .localSource:
            return "\(back). Whether such packets may come in is decided by accept_local, not by rp_filter."
        case .invalidSource:
            return "\(back). The kernel refuses broadcast, multicast and similar sources whatever rp_filter says."
        case .localnet:
            return
                "Addresses in 127.0.0.0/8 are refused on the wire unless route_localnet is on, whatever rp_filter says."
        case .netfilter:
            guard let rule = finding.filterRule else {
                return "A netfilter verdict dropped the packets; which rule did it could not be told."
            }
            var text =
                "A packet filter rule that checks the reverse path by itself dropped the packets: \(describe(rule))."
            switch rule.dropper {
            case .rule(let position, let dropping)?:
                text +=
                    " It lets pass what passes the check; rule \(position) of that chain drops the rest:"
                    + " \(Wording.printable(dropping))."
            case .policy?:
                text += " It lets pass what passes the check; the chain's policy drops the rest."
            case nil: break
            }
            if let manager = rule.manager { text += " \(manager.rawValue) writes it." }
            if finding.isIPv6 { text += " The kernel itself does not check the reverse path of IPv6." }
            return text
        case .other:
            return "The kernel's reason is \(terminalSafe(finding.dropReason ?? "not given"))."
        }
    }

    /// `The route back to the source leaves by eth1 via 198.51.100.1 (table main, rule 32766)`.
    private static func route(of finding: FindingReport) -> String {
        guard let reverse = finding.reverse else {
            return switch finding.cause {
            case .noRoute: "There is no usable route back to the source"
            case .localSource: "The reverse lookup says that the source is an address of this host"
            case .invalidSource: "The source is not a unicast address here"
            default: "The route back to the source leaves by another interface"
            }
        }
        var details: [String] = []
        if let prefix = reverse.prefix { details.append(prefix.length == 0 ? "default route" : "route \(prefix)") }
        if let table = reverse.table { details.append("table \(Names.table(table))") }
        if let priority = reverse.rulePriority { details.append("rule \(priority)") }
        let suffix = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        switch reverse.kind {
        case "none":
            return "There is no route back to the source"
        case "unicast":
            var text = "The route back to the source leaves by \(reverse.interface?.display ?? "another interface")"
            if let gateway = reverse.gateway { text += " via \(gateway)" }
            return text + suffix
        case "local":
            return "The reverse lookup says that the source is an address of this host\(suffix)"
        default:
            return "The route back to the source is of type \(terminalSafe(reverse.kind))\(suffix)"
        }
    }

    private static func describe(_ rule: FilterRule) -> String {
        let place = "\(terminalSafe(rule.family)) \(terminalSafe(rule.table)) \(terminalSafe(rule.chain))"
        let tool =
            switch rule.tool {
            case .nft: "nft"
            case .iptables(let command): terminalSafe(command)
            }
        return "\(tool), \(place), rule \(rule.position): \(Wording.printable(rule.text))"
    }

    static func sentence(for factor: Factor, in finding: FindingReport) -> String {
        let interface = finding.interface.display
        let other = finding.reverse?.interface?.display ?? "another interface"
        let mark = finding.mark.map { "the mark 0x" + String($0, radix: 16) } ?? "a mark"
        return switch factor {
        case .allOverridesInterface:
            "net.ipv4.conf.all.rp_filter is larger than \(interface)'s own value and overrides it: a smaller value for"
                + " \(interface) alone changes nothing."
        case .unnumberedInterface:
            "\(interface) has no IPv4 address: loose mode drops there unless the route back uses \(interface)."
        case .fwmarkIgnored:
            "The packets carry \(mark), and with it the route back would be right, but the check ignores marks:"
                + " src_valid_mark is off."
        case .fwmarkMisroutes:
            "The packets carry \(mark), and src_valid_mark makes the check use it; without the mark they would be"
                + " accepted."
        case .fwmarkHitsLocal:
            "The packets carry \(mark), and src_valid_mark makes the check use it: a rule for that mark (as TPROXY needs)"
                + " leads to a local route, so every source looks like this host."
        case .dnat:
            "The destination was translated (DNAT) before the check: rules see the new destination, not the one that the"
                + " client used."
        case .decapsulated:
            "\(interface) is a tunnel\(finding.interfaceKind.map { " (\(terminalSafe($0)))" } ?? ""): the check runs again"
                + " there, on the inner packet. Settings of the outer interface do not count."
        case .policyRule:
            "The answer came from a policy rule\(finding.reverse?.rulePriority.map { " (priority \($0))" } ?? ""), not"
                + " from the default rules."
        case .secondaryTableOnly:
            "A routing table that the check did not consult has a route to the source through \(interface)."
        case .lessSpecificRoute:
            "There is a route to the source through \(interface), but a more specific one wins."
        case .worseMetricRoute:
            "There is the same route through \(interface) with a worse metric; the check looks at the best one only."
        case .sameSubnetInterfaces:
            "The source is in a subnet that is connected to both \(interface) and \(other); the kernel picked \(other)."
        case .blackholeRoute:
            "The lookup ended at a blackhole, unreachable, prohibit or throw entry, which may well be deliberate."
        case .nexthopDown:
            "A route that would have been accepted is down, or the chosen interface has no carrier."
        case .replyPathBroken:
            "The reply would leave by an interface that its address does not belong to, or that does not work, and may"
                + " be lost."
        case .vrf:
            "\(interface) belongs to \(finding.vrf.map { "VRF \($0.display)" } ?? "a VRF"): the check looks in the VRF's"
                + " table."
        case .otherNetns:
            "This is not rpfwatch's own network namespace"
                + (finding.fix.commands.isEmpty ? "." : "; the commands below enter it by themselves.")
        case .valueOverwritten:
            finding.changedValues.isEmpty
                ? "The value in use is not the one that the configuration asks for, or it changed while tracing."
                : overwriting(finding.changedValues)
        case .spoofSuspected:
            "The source may be forged: it belongs to a network on another interface, or never comes from a network. Then"
                + (finding.attributed ? " rp_filter did its job." : " the kernel was right to refuse it.")
        }
    }

    static func certainty(of finding: FindingReport) -> String {
        let who = finding.attributed ? "rp_filter dropped them" : "it was not rp_filter"
        let observed = finding.certainty.attributed == .observed
        var text = observed ? "The kernel itself said that \(who)" : "It is inferred that \(who)"
        guard finding.cause != nil else { return text + "." }
        switch (finding.certainty.cause, finding.inferredFrom) {
        case (.observed, _):
            text += observed ? ", and why." : "; why was observed in the kernel."
        case (.inferred, nil):
            text += "; why is inferred."
        case (.inferred, let inference?):
            text += "; why is inferred from the configuration, read"
            if inference.snapshotTime < finding.lastSeen {
                text += " \(Wording.duration(finding.lastSeen.since(inference.snapshotTime))) before the last drop."
            } else {
                text += " \(Wording.duration(inference.snapshotTime.since(finding.lastSeen))) after the last drop."
            }
            if inference.raced { text += " It changed in between, so the cause may be another." }
        }
        return text
    }

    // MARK: Messages of the other events

    static func started(_ start: StartInfo) -> String {
        "rpfwatch started on kernel \(terminalSafe(start.kernelRelease)), tier \(terminalSafe(start.tier))"
    }

    static func summary(of totals: Totals) -> String {
        "\(Wording.count(totals.drops, "packet")) dropped by rp_filter so far"
    }

    static func lost(_ loss: Loss) -> String {
        let what =
            switch loss.source {
            case .ringFull: "the ring buffer was full"
            case .nested: "the program was already running on the CPU"
            case .outputQueue: "the reader of the output was too slow"
            }
        return "detail of \(Wording.count(loss.count, "drop")) was lost: \(what)"
    }

    static func changed(_ change: ConfigChange) -> String {
        let before = change.before.map(terminalSafe) ?? "nothing"
        let after = change.after.map(terminalSafe) ?? "nothing"
        let kind = change.kind.rawValue
        // A rule's object says by itself that it is one.
        let subject = change.object.hasPrefix("\(kind) ") ? change.object : "\(kind) \(change.object)"
        let writer = change.writer.map { ", written by \($0.phrase)" } ?? ""
        return "\(terminalSafe(subject)) changed from \(before) to \(after)\(writer)"
    }

    static func ended(_ end: EndInfo) -> String {
        let time = Wording.duration(end.windowEnd.since(end.windowStart))
        return "\(Wording.count(end.totals.drops, "packet")) dropped by rp_filter in \(time)"
    }
}
