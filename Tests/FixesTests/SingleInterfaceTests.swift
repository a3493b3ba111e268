// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import Lab
import ModelLab
import Packets
import Testing

/// interface_off: `all` is a floor, so it has to be written down elsewhere before one interface can go below it.
@Suite struct SingleInterfaceTests {
    private static let values: [Int32] = [0, 1, 2, 3]

    private func off(_ lab: ModelLab.Lab) -> Fix? {
        let advice = Problem(.noRoute, of: packet(from: ModelLab.Lab.unrouted, to: ModelLab.Lab.local), in: lab).advice
        return ([advice.fix] + advice.alternatives).first { $0.id == .interfaceOff }
    }

    @Test(arguments: values, values)
    func `only the one interface changes, whatever the others and the default are`(all: Int32, own: Int32) throws {
        guard max(all, own) != 0 else { return }
        for (other, inherited) in Self.values.flatMap({ other in Self.values.map { (other, $0) } }) {
            let fix = off(
                host {
                    $0[0].rpFilter = all
                    $0[ModelLab.Lab.a0].rpFilter = own
                    $0[ModelLab.Lab.b0].rpFilter = other
                    $0.facts.configuration.default.rpFilter = inherited
                    $0.addLink(7, "unnumbered", kind: "veth", mode: inherited)
                })
            #expect(fix?.widensText == ["a0 \(max(all, own))>0"])
            #expect(fix?.predicted == .accept)
        }
    }

    @Test func `an interface that would follow the default is written after it`() {
        let fix = Problem(
            .noRoute, of: packet(from: ModelLab.Lab.unrouted, to: ModelLab.Lab.local),
            in: host {
                $0.unnumber()
                $0[0].rpFilter = 1
                $0[ModelLab.Lab.b0].rpFilter = 1
            }
        ).advice.alternatives.first { $0.id == .interfaceOff }
        #expect(
            fix?.commands == [
                "sysctl -w net.ipv4.conf.lo.rp_filter=1", "sysctl -w net.ipv4.conf.default.rp_filter=1",
                "sysctl -w net.ipv4.conf.all.rp_filter=0", "sysctl -w net.ipv4.conf.a0.rp_filter=0",
            ])
        #expect(fix?.widensText == ["a0 1>0"])
        #expect(fix?.sideEffects.contains { $0.hasPrefix("a0 no longer follows net.ipv4.conf.default") } ?? false)
    }

    @Test(arguments: [(1, 0, 0, 0), (2, 1, 0, 1), (1, 1, 2, 2), (3, 0, 1, 0), (2, 2, 2, 1)])
    func `the kernel agrees, also where interfaces follow the default`(
        all: Int32, inherited: Int32, a: Int32, b: Int32
    ) throws {
        let namespace = try Namespace("off")
        // Written before the interfaces are made: a0 and lo have no address and were never written, so they follow.
        try namespace.run([
            "sh", "-c",
            "cd /proc/sys/net/ipv4/conf; echo \(inherited) > default/rp_filter; echo \(all) > all/rp_filter;"
                + " ip link add a0 type veth peer name b0; ip addr add 198.51.100.1/24 dev b0; ip link set a0 up;"
                + " ip link set b0 up; echo \(b) > b0/rp_filter; [ \(a) = \(inherited) ] || echo \(a) > a0/rp_filter",
        ])
        try waitForCarriers(namespace)
        var lab = host {
            $0.unnumber()
            $0[0].rpFilter = all
            $0.facts.configuration.default.rpFilter = inherited
            $0[1].rpFilter = inherited
            $0[ModelLab.Lab.a0].rpFilter = a
            $0[ModelLab.Lab.b0].rpFilter = b
        }
        lab.facts.addresses.removeAll { $0.interface == 1 }
        lab.facts.namespace = NamespaceIdentity(inode: 1, name: namespace.argument)
        let fix = try #require(off(lab))
        let before = try NamespaceState(of: namespace)
        for command in fix.commands { try runSuccessfully(["sh", "-c", command]) }
        var wanted = before.effectiveReversePathFilter
        for change in fix.widens { wanted[change.interface.text] = Int(change.after) }
        #expect(try NamespaceState(of: namespace).effectiveReversePathFilter == wanted)
        #expect(fix.widens.map(\.interface) == ["a0"])
        for command in fix.revert { try runSuccessfully(["sh", "-c", command]) }
        #expect(try NamespaceState(of: namespace).differences(from: before) == [])
    }
}
