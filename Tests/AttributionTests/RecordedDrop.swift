// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import ModelLab
import Packets
import Routing

extension Lab {
    /// A record of a drop on a0, with the sysctls and address as they are in the lab.
    func drop(
        _ outcome: DropOutcome = .reversePathFilter, from source: IPv4Address = Lab.asymmetric,
        to destination: IPv4Address = Lab.local, mark: UInt32 = 0, tos: UInt8 = 0, path: PacketPath? = nil,
        on interface: UInt32 = Lab.a0, time: UInt64 = 500
    ) -> DropEvent {
        let own = facts.configuration.own(interface)
        let all = facts.configuration.all
        let keyPath: PacketPath? = path == .input || path == .forward ? nil : path
        return DropEvent(
            key: DropKey(
                namespaceCookie: 1, namespaceInode: facts.namespace.inode, interfaceIndex: interface, reason: 16,
                outcome: outcome, path: keyPath,
                interfaceHasAddress: facts.addresses.contains { $0.interface == interface }),
            time: time,
            packet: Packet(
                source: source, destination: destination, sourcePort: 40_000, destinationPort: 9, tos: tos, mark: mark),
            interfaceName: facts.link(interface)?.name ?? "gone", interfaceKind: facts.link(interface)?.kind,
            vrf: facts.link(interface)?.master,
            sysctls: SysctlsAtDrop(
                rpFilterAll: all.rpFilter, rpFilterInterface: own.rpFilter, acceptLocalAll: all.acceptLocal,
                acceptLocalInterface: own.acceptLocal, srcValidMarkAll: all.srcValidMark,
                srcValidMarkInterface: own.srcValidMark),
            path: path, reasonName: "IP_RPFILTER")
    }

    /// The judgement about a drop that this lab explains.
    func judge(
        _ outcome: DropOutcome = .reversePathFilter, from source: IPv4Address = Lab.asymmetric,
        to destination: IPv4Address = Lab.local, mark: UInt32 = 0, tos: UInt8 = 0, path: PacketPath? = nil,
        on interface: UInt32 = Lab.a0
    ) -> DropAttribution {
        attribute(
            drop(outcome, from: source, to: destination, mark: mark, tos: tos, path: path, on: interface), model: model,
            lastChange: nil)
    }
}

/// The base lab with a0 at `mode`.
func lab(mode: Int32 = 1, _ change: (inout Lab) -> Void = { _ in }) -> Lab {
    var lab = Lab()
    lab[Lab.a0].rpFilter = mode
    change(&lab)
    return lab
}
