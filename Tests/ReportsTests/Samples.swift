// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets
import Reports
import Settings

/// Events as real traces make them, for the tests of this room.
enum Samples {
    static let origin = Origin(host: "web-1", version: "0.1.0")
    /// 2026-08-01 10:00:00 UTC.
    static let start = WallTime(nanoseconds: 1_785_578_400_000_000_000)

    static func after(_ nanoseconds: UInt64) -> WallTime {
        WallTime(nanoseconds: start.nanoseconds + nanoseconds)
    }

    static func seconds(_ seconds: Double) -> WallTime { after(UInt64(seconds * 1_000_000_000)) }

    /// The monotonic clock reads 1000 s at `start`.
    static let clock = ClockOffset(realtime: start.nanoseconds, monotonic: 1_000_000_000_000)

    static func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? .unspecified }
    static func prefix(_ text: String) -> IPv4Prefix { IPv4Prefix(text) ?? .any }

    static let host = NamespaceIdentity(
        inode: 4_026_531_840, cookie: 1, processID: 1, command: "systemd", isOwn: true, isInitial: true)
    static let blue = NamespaceIdentity(
        inode: 4_026_532_345, cookie: 8192, name: "blue", processID: 4711, command: "nginx")
    static let web = NamespaceIdentity(
        inode: 4_026_532_400, cookie: 8200, processID: 5001, command: "redis-server",
        container: Container(id: "3f2a1b0c9d8e7f60" + String(repeating: "5", count: 48), name: "web"))

    static let packet = Packet(
        source: address("203.0.113.7"), destination: address("192.0.2.10"), transport: .tcp, sourcePort: 40_000,
        destinationPort: 443, length: 60, gsoSegments: 0, sourceMAC: MACAddress(rawValue: 0x02_00_5E_10_00_FF))

    static func dropEvent(
        interface: InterfaceName = "eth0", packet: Packet = packet, namespace: NamespaceIdentity = host,
        reason: String? = "IP_RPFILTER", path: PacketPath? = nil
    ) -> DropEvent {
        DropEvent(
            key: DropKey(
                namespaceCookie: namespace.cookie ?? 0, namespaceInode: namespace.inode, interfaceIndex: 2, reason: 16,
                outcome: .reversePathFilter, path: path, interfaceHasAddress: true),
            hooks: .drop, time: 1_001_500_000_123, packet: packet, interfaceName: interface, interfaceKind: "veth",
            sysctls: SysctlsAtDrop(rpFilterAll: 1, rpFilterInterface: 0), path: nil, reasonName: reason,
            location: 0xFFFF_FFFF_8123_4567, locationSymbol: "ip_rcv_finish_core+0x1a2")
    }

    static let attribution = DropAttribution(
        attributed: true, cause: .wrongInterface, factors: [.allOverridesInterface],
        certainty: Certainty(attributed: .observed, cause: .inferred),
        inferredFrom: InferenceSource(snapshotTime: 1_030_012_000_000, raced: false), path: .input,
        reverse: ReverseRoute(
            kind: "unicast", interface: "eth1", interfaceIndex: 3, gateway: address("198.51.100.1"), table: 254,
            rulePriority: 32_766, prefix: .any))

    static func drop(
        interface: InterfaceName = "eth0", packet: Packet = packet, namespace: NamespaceIdentity = host,
        attribution: DropAttribution = attribution, reason: String? = "IP_RPFILTER",
        findingID: String? = "00c0ffee00c0ffee", path: PacketPath? = nil
    ) -> Event {
        Event(
            drop: dropEvent(interface: interface, packet: packet, namespace: namespace, reason: reason, path: path),
            attribution: attribution, namespace: namespace, findingID: findingID, clock: clock, origin: origin)
    }

    static let looseFix = Fix(
        id: .interfaceLoose,
        summary: "Loose mode on eth0 alone: 2 is larger than all=1, so it counts, and only there.",
        commands: ["sysctl -w net.ipv4.conf.eth0.rp_filter=2"],
        revert: ["sysctl -w net.ipv4.conf.eth0.rp_filter=0"],
        persist: Fix.Persistence(
            path: "/etc/sysctl.d/zz-rpfwatch-eth0.conf", content: "net.ipv4.conf.eth0.rp_filter=2\n",
            reader: "systemd-sysctl 252", isProven: true,
            proof: [
                Fix.ProofLine(interface: "all", key: .rpFilter, now: 1, before: 1, atBoot: 1, createdAgain: nil),
                Fix.ProofLine(interface: "eth0", key: .rpFilter, now: 0, before: 0, atBoot: 2, createdAgain: 2),
                Fix.ProofLine(interface: "eth1.100", key: .rpFilter, now: 0, before: 0, atBoot: 0, createdAgain: 0),
            ]),
        predicted: .accept, admits: Fix.Admission(packets: 1200, of: 1200),
        widens: [Fix.Widening(interface: "eth0", before: 1, after: 2)],
        sideEffects: ["It changes the check only: replies still leave by eth1."])

    static let ruleFix = Fix(
        id: .policyRule,
        summary: "A rule for replies from 192.0.2.10 restores symmetry and keeps strict mode.",
        commands: [
            "ip route add default via 192.0.2.1 dev eth0 table 100",
            "ip rule add from 192.0.2.10/32 lookup 100 priority 1000",
        ],
        revert: ["ip rule del from 192.0.2.10/32 lookup 100 priority 1000", "ip route flush table 100"],
        predicted: .accept, admits: Fix.Admission(packets: 1200, of: 1200),
        sideEffects: ["The namespace has had a custom rule from then on; the kernel does not forget that."])

    static let finding = FindingReport(
        Finding(
            id: "00c0ffee00c0ffee", namespace: host, interface: "eth0", interfaceIndex: 2, attribution: attribution,
            sysctls: SysctlsAtDrop(rpFilterAll: 1, rpFilterInterface: 0), drops: 1204, detailed: 1200,
            firstSeen: 1_001_500_000_123, lastSeen: 1_029_900_000_000,
            sources: [
                Finding.Source(prefix: prefix("203.0.113.0/24"), drops: 1190),
                Finding.Source(prefix: prefix("198.51.100.77"), drops: 10),
            ],
            samples: [Finding.Sample(drop: dropEvent(), count: 1200)]),
        advice: Advice(
            fix: looseFix, alternatives: [ruleFix],
            rejected: [
                RejectedRecipe(
                    recipe: "eth0=0 while all=1", commands: ["sysctl -w net.ipv4.conf.eth0.rp_filter=0"],
                    reason: "No effect: the larger of all and eth0 counts, and all is 1."),
                RejectedRecipe(
                    recipe: "all=0 and default=0",
                    commands: [
                        "sysctl -w net.ipv4.conf.all.rp_filter=0", "sysctl -w net.ipv4.conf.default.rp_filter=0",
                    ],
                    reason: "It opens every interface of the host at once, not only eth0."),
            ]),
        clock: clock,
        ownership: Ownership(
            NetworkFacts(
                namespace: host, links: [Link(index: 2, name: "eth0")],
                configuration: NamespaceConfiguration(all: InterfaceConfiguration(rpFilter: 1)),
                sysctlSources: sysctlSources)))

    static let sysctlSources = SysctlSources(
        reader: .systemd(version: 252),
        files: [
            SysctlFile(
                directory: 3, name: "50-default.conf",
                lines: [SysctlLine(number: 4, text: "net.ipv4.conf.*.rp_filter = 1")]),
            SysctlFile(
                directory: 0, name: "60-\u{1B}[2J.conf",
                lines: [SysctlLine(number: 2, text: "net.ipv4.conf.eth0.rp_filter=0")]),
            SysctlFile(directory: 1, name: "x.conf", kind: .masked),
        ])

    /// A source that is our own address: not rp_filter.
    static let localSource = FindingReport(
        id: "1f00000000000001", attributed: false, cause: .localSource, factors: [.otherNetns],
        certainty: Certainty(attributed: .observed, cause: .observed), path: .input, namespace: web, interface: "eth0",
        interfaceIndex: 7, interfaceKind: "veth", interfaceHasAddress: true, mark: 0,
        sysctls: SysctlValues(all: 0, interface: 0),
        reverse: ReverseRoute(
            kind: "local", interface: "lo", interfaceIndex: 1, table: 255, rulePriority: 0, prefix: prefix("192.0.2.10")
        ),
        dropReason: "IP_LOCAL_SOURCE", sources: [Finding.Source(prefix: prefix("192.0.2.10"), drops: 3)],
        destinations: [
            FindingReport.Destination(address: .v4(address("192.0.2.20")), drops: 3)
        ],
        example: FindingReport.Example(
            source: .v4(address("192.0.2.10")), sourcePort: nil, destination: .v4(address("192.0.2.20")),
            destinationPort: nil, transport: .icmp),
        drops: 3, detailed: 3, firstSeen: seconds(2), lastSeen: seconds(4),
        fix: Fix(
            id: .none, summary: "Nothing to change here: another machine uses this host's address 192.0.2.10.",
            predicted: .drop, admits: Fix.Admission(packets: 0, of: 3)))

    static let writer = SettingWriter(
        process: SettingWriter.Process(id: 4711, command: "sysctl"),
        parent: SettingWriter.Process(id: 700, command: "tuned"), executable: "/usr/sbin/sysctl")

    /// Somebody set the value, and somebody else set it back.
    static let overwritten: FindingReport = {
        var report = finding
        report.factors.append(.valueOverwritten)
        report.changedValues = [
            FindingReport.ChangedValue(
                setting: "net.ipv4.conf.eth0.rp_filter", before: 1, after: 2, time: seconds(3), writer: writer),
            FindingReport.ChangedValue(
                setting: "net.ipv4.conf.eth0.rp_filter", before: 2, after: 1, time: seconds(3.04),
                writer: SettingWriter(
                    process: SettingWriter.Process(id: 812, command: "systemd-sysc\u{1B}[1m"),
                    parent: SettingWriter.Process(id: 1, command: "systemd"))),
            FindingReport.ChangedValue(
                setting: "net.ipv4.conf.all.rp_filter", before: nil, after: -1, time: seconds(5)),
        ]
        report.spoofing = SpoofingEvidence(
            sources: 5_321, isEstimate: true, networks8: 200, networks16: 4_900, packets: 5_400, suspectPackets: 12,
            timeToLive: 9...250, stations: 2, lookedUp: 256, connected: 0)
        return report
    }()

    static let startInfo = StartInfo(
        kernelRelease: "6.18.44", architecture: "x86_64", libbpfVersion: "1.1.2", tier: "tracepoint",
        hooks: ["tp_btf/kfree_skb"],
        blindSpots: [
            "ARP requests that are refused for their sender: no packet is freed for them."
        ],
        missingPrivileges: [])

    static let totals = Totals(
        drops: 1204, emitted: 1200, suppressed: 4, lost: 0, filtered: 0, otherDrops: 57,
        otherReasons: [
            ReasonCount(reason: "NO_SOCKET", drops: 40), ReasonCount(reason: "TCP_INVALID_SEQUENCE", drops: 17),
        ],
        kernel: KernelReconciliation(
            counted: 1204, ipReversePathFilter: 1204, min: 1204, max: 1204, netnsWatched: 3, netnsUnreadable: 0))

    static let end = EndInfo(
        reason: .signal, totals: totals, windowStart: seconds(0.02), windowEnd: seconds(30.02),
        namespaces: [host, blue, web])

    static func event(_ payload: Event.Payload, at time: WallTime = seconds(30.1)) -> Event {
        Event(time: time, origin: origin, payload: payload)
    }

    /// A whole run, in the order in which it is written.
    static let run: [Event] = [
        event(.start(startInfo), at: seconds(0.02)),
        drop(),
        Event(time: seconds(10), origin: origin, duration: 10_000_000_000, payload: .stats(totals)),
        event(.lost(Loss(source: .ringFull, count: 3, total: 3)), at: seconds(11)),
        event(
            .configChange(
                ConfigChange(
                    kind: .sysctl, object: "net.ipv4.conf.eth0.rp_filter", before: "0", after: "2", namespace: host,
                    writer: writer)),
            at: seconds(12)),
        event(.finding(finding), at: seconds(13)),
        event(.finding(localSource), at: seconds(14)),
        event(.end(end)),
    ]
}

extension Samples {
    static func ipv6(_ text: String) -> IPv6Address { IPv6Address(text) ?? .unspecified }

    static let ipv6Packet = Packet(
        source: .unspecified, destination: .unspecified, transport: .tcp, sourcePort: 40_000, destinationPort: 443,
        length: 80, ipv6: .init(source: ipv6("2001:db8:7::7"), destination: ipv6("2001:db8::10")))

    /// An IPv6 packet that a packet filter dropped.
    static let ipv6Drop = drop(
        packet: ipv6Packet,
        attribution: DropAttribution(
            attributed: false, cause: .netfilter, certainty: Certainty(attributed: .observed, cause: .observed),
            path: .input),
        reason: "NETFILTER_DROP")

    static let filteredIPv6 = FindingReport(
        id: "6f00000000000006", attributed: false, cause: .netfilter,
        certainty: Certainty(attributed: .observed, cause: .observed), path: .input, namespace: host, interface: "eth0",
        interfaceIndex: 2, interfaceHasAddress: true, mark: 0, dropReason: "NETFILTER_DROP",
        filterRule: FilterRule(
            tool: .nft, family: "inet", table: "firewalld", chain: "filter_PREROUTING", handle: 12, position: 2,
            text: "meta nfproto ipv6 fib saddr . mark . iif oif missing drop",
            place: FilterRule.Place(hook: "prerouting", priority: 10)),
        sources: [Finding.Source(prefix: IPPrefix(.v6(ipv6("2001:db8:7::")), length: 64), drops: 5)],
        destinations: [FindingReport.Destination(address: .v6(ipv6("2001:db8::10")), drops: 5)],
        example: FindingReport.Example(ipv6Packet), drops: 5, detailed: 5, firstSeen: seconds(2),
        lastSeen: seconds(4),
        fix: Fix(
            id: .netfilterRule, summary: "Exempt eth0.", commands: ["nft 'replace rule …'"],
            revert: ["nft 'replace rule … back'"], predicted: .accept, admits: Fix.Admission(packets: 5, of: 5)),
        isIPv6: true)

    /// An ARP request that stays unanswered.
    static let arpRequest = drop(
        packet: Packet(
            source: address("203.0.113.7"), destination: address("192.0.2.10"), transport: IPProtocol(rawValue: 0)),
        reason: nil, path: .arp)

    /// Events whose optional values are missing or extreme.
    static let edgeCases: [Event] = {
        var unknown = finding
        unknown.cause = nil
        unknown.inferredFrom = nil
        unknown.path = nil
        unknown.sysctls = nil
        unknown.reverse = nil
        unknown.interface = InterfaceName(bytes: [0xFF, 0xFE, 0x1B])
        unknown.namespace = NamespaceIdentity(inode: 9)
        unknown.sources = []
        unknown.destinations = []
        unknown.example = nil
        unknown.fix = Fix(
            id: .none, summary: "", predicted: .unknown, admits: Fix.Admission(packets: 0, of: 0),
            widens: [Fix.Widening(interface: InterfaceName(bytes: [0xC3]), before: -1, after: .max)])
        var ruled = localSource
        ruled.cause = .netfilter
        ruled.filterRule = FilterRule(
            tool: .iptables(command: "iptables-legacy"), family: "ip", table: "raw", chain: "PREROUTING", position: 2,
            text: "-m rpfilter --invert -j DROP")
        var lenient = filteredIPv6
        lenient.id = "6f00000000000007"
        lenient.filterRule?.dropper = .policy
        var untold = end
        untold.reason = nil
        untold.totals = Totals()
        untold.namespaces = []
        let bare = DropAttribution(
            attributed: true, cause: nil, certainty: Certainty(attributed: .observed, cause: .inferred))
        return [
            event(.finding(unknown)), event(.finding(ruled)), event(.finding(filteredIPv6)),
            event(.finding(lenient)), ipv6Drop, event(.end(untold)), event(.stats(Totals())),
            drop(
                interface: InterfaceName(bytes: [0x80]), namespace: NamespaceIdentity(inode: 0), attribution: bare,
                reason: nil, findingID: nil),
            arpRequest,
            event(
                .configChange(
                    ConfigChange(
                        kind: .link, object: "eth0", before: nil, after: nil,
                        namespace: NamespaceIdentity(inode: 9)))),
            event(.finding(overwritten)),
        ]
    }()
}
