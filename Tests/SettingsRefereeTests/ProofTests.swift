// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Glibc
import Host
import Lab
import ModelLab
import Packets
import Routing
import Settings
import SystemPackage
import Testing

/// The proof that goes with a fix, against what the real systemd-sysctl makes of the files with the fix's file in them.
@Suite(
    .enabled(if: geteuid() == 0, "network and mount namespaces can only be made as root"), .serialized)
struct ProofTests {
    /// e0 is strict, and its packets are routed back by e1.
    private func advice(_ sources: SysctlSources) -> Advice {
        var lab = ModelLab.Lab()
        for (position, name) in zip(lab.facts.links.indices.dropFirst(), RandomTree.interfaces) {
            lab.facts.links[position].name = InterfaceName(name)
        }
        for (index, name) in zip(UInt32(4)..., RandomTree.interfaces.dropFirst(2)) {
            lab.facts.links.append(Link(index: index, name: InterfaceName(name), kind: "veth"))
            lab.facts.configuration.interfaces[index] = InterfaceConfiguration()
        }
        lab[ModelLab.Lab.a0].rpFilter = 1
        lab.facts.sysctlSources = sources
        let packet = Packet(
            source: ModelLab.Lab.asymmetric, destination: ModelLab.Lab.local, sourcePort: 4, destinationPort: 9)
        let drop = DropEvent(
            key: DropKey(
                namespaceCookie: 1, namespaceInode: lab.facts.namespace.inode, interfaceIndex: ModelLab.Lab.a0,
                reason: 16, outcome: .reversePathFilter, path: nil, interfaceHasAddress: true),
            packet: packet, interfaceName: "e0", path: .input)
        let finding = Finding(
            id: "0123456789abcdef", namespace: lab.facts.namespace, interface: "e0", interfaceIndex: ModelLab.Lab.a0,
            attribution: DropAttribution(
                attributed: true, cause: .wrongInterface,
                certainty: Certainty(attributed: .observed, cause: .inferred), path: .input),
            sysctls: nil, drops: 1, detailed: 1, firstSeen: 1, lastSeen: 2, sources: [],
            samples: [Finding.Sample(drop: drop, count: 1)])
        return advise(on: finding, model: lab.model)
    }

    @Test func `what is proven is what comes of it`() throws {
        guard try Referee.doesFollowDefault(), let reader = try RefereeTests.reader(.systemd) else { return }
        var proven = 0
        for seed in 500..<UInt64(512) {
            let tree = try PlantedTree(RandomTree(seed: seed))
            var files = SysctlSourceReader(root: FilePath(tree.path))
            var sources = files.read()
            sources.reader = reader
            let advice = advice(sources)
            for fix in [advice.fix] + advice.alternatives {
                guard let persist = fix.persist, persist.isProven else { continue }
                proven += 1
                try tree.add(persist.path, persist.content)
                for order in Referee.Order.allCases {
                    let judged = try Referee(program: .systemd)
                        .values(of: tree.path, order, interfaces: RandomTree.interfaces)
                    for line in persist.proof {
                        // Which order a boot takes is chance: the proof shows the first for what the fix does not set.
                        let isOfTheFix = persist.content.contains(".\(line.interface.text).")
                        guard isOfTheFix || order != .raced else { continue }
                        let expected = order == .late ? line.createdAgain ?? line.atBoot : line.atBoot
                        #expect(
                            judged[line.interface.text] == expected,
                            "seed \(seed), \(fix.id.rawValue), \(order.rawValue), \(line)")
                    }
                }
                try tree.remove(persist.path)
            }
        }
        #expect(proven > 15, "hardly anything was proven: \(proven)")
    }
}
