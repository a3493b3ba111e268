// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import ModelLab
import Packets
import Testing

/// How fixes in other namespaces last.
@Suite struct CreatorNotesTests {
    private static let container = Container(id: String(repeating: "ab", count: 32), name: "web\u{1B}")

    /// The sentence about how a fix lasts: of the loose mode, or of another one.
    private func note(
        _ creator: NamespaceCreator?, _ id: FixID = .interfaceLoose, container: Container? = container,
        interface: InterfaceName = "eth0", all: Int32 = 0
    ) throws -> String {
        let problem = Problem(
            .wrongInterface, [.replyPathBroken], of: packet(from: Lab.asymmetric, to: Lab.local),
            in: host {
                $0.knowClient()
                $0[Lab.a0].rpFilter = 1
                $0[0].rpFilter = all
                $0.rename(Lab.a0, interface)
                $0.facts.namespace = NamespaceIdentity(
                    inode: 7, processID: 9, container: container, creator: creator)
                // The host's own daemons are no matter here.
                $0.facts.services = HostServices(systemdVersion: 257)
            })
        let advice = problem.advice
        let fix = try #require(([advice.fix] + advice.alternatives).first { $0.id == id })
        #expect(fix.persist == nil)
        return try #require(fix.sideEffects.first { $0.hasPrefix("It lasts as long as") })
    }

    @Test func `Docker has values of an interface at its endpoint`() throws {
        let note = try note(NamespaceCreator(.docker))
        #expect(note.contains("container web\\x1b."))
        #expect(
            note.contains(
                "--network 'name=NETWORK,\"driver-opt=com.docker.network.endpoint.sysctls="
                    + "net.ipv4.conf.IFNAME.rp_filter=2\"'"))
        #expect(note.contains("before Docker 27 `--sysctl net.ipv4.conf.eth0.rp_filter=2`"))
        #expect(!note.contains("securityContext"))
    }

    @Test func `Docker has values of all interfaces at the container`() throws {
        let note = try note(NamespaceCreator(.docker), .allLoose, all: 1)
        #expect(note.contains("`docker run --sysctl net.ipv4.conf.all.rp_filter=2`"))
        #expect(!note.contains("IFNAME"))
    }

    @Test(arguments: [
        (NamespaceCreator(.podman), "`podman run --sysctl net.ipv4.conf.eth0.rp_filter=2`"),
        (
            NamespaceCreator(.podman, name: "web.service"),
            "`Sysctl=net.ipv4.conf.eth0.rp_filter=2` into [Container] of the quadlet of web.service"
        ),
        (NamespaceCreator(.nerdctl), "`nerdctl run --sysctl net.ipv4.conf.eth0.rp_filter=2`"),
        (
            NamespaceCreator(.kubernetes),
            "{name: net.ipv4.conf.eth0.rp_filter, value: \"2\"} into securityContext.sysctls of the pod"
        ),
        (NamespaceCreator(.kubernetes), "`--allowed-unsafe-sysctls 'net.ipv4.conf.*'`"),
        (
            NamespaceCreator(.cni, name: "cni-1"),
            "the CNI plugin `tuning` with `\"sysctl\": {\"net.ipv4.conf.IFNAME.rp_filter\": \"2\"}`"
        ),
        (NamespaceCreator(.lxc, name: "web"), "`lxc.sysctl.net.ipv4.conf.eth0.rp_filter = 2`"),
        (NamespaceCreator(.nspawn, name: "db"), "systemd-nspawn has no setting for it"),
        (
            NamespaceCreator(.unit, name: "vpn.service"),
            "an ExecStartPre=+ of the unit: `sysctl -w net.ipv4.conf.eth0.rp_filter=2`"
        ),
        (NamespaceCreator(.script, name: "it's"), "`ip netns add 'it'\\''s'`"),
    ])
    func `every creator has its own setting`(creator: NamespaceCreator, setting: String) throws {
        let note = try note(creator)
        #expect(note.contains(setting), "\(note)")
    }

    @Test func `names with dots are written with slashes`() throws {
        #expect(
            try note(NamespaceCreator(.podman), interface: "eth0.100")
                .contains("--sysctl net/ipv4/conf/eth0.100/rp_filter=2"))
        #expect(
            try note(NamespaceCreator(.kubernetes), interface: "eth0.100")
                .contains("{name: net/ipv4/conf/eth0.100/rp_filter, value: \"2\"}"))
    }

    @Test(arguments: NamespaceCreator.Kind.allCases)
    func `routes are not said to be sysctls`(kind: NamespaceCreator.Kind) throws {
        let note = try note(NamespaceCreator(kind, name: "x"), .policyRule)
        #expect(!note.contains("sysctl"), "\(note)")
    }

    @Test func `without a known creator the usual ones are named`() throws {
        let note = try note(nil)
        #expect(note.contains("the namespace of container web\\x1b"))
        #expect(note.contains("docker run --sysctl") && note.contains("securityContext.sysctls"))
        #expect(try self.note(nil, container: nil).contains("as long as the network namespace"))
        let podman = try self.note(NamespaceCreator(.podman), container: nil)
        #expect(podman.hasPrefix("It lasts as long as its container. ") && podman.contains("`podman run --sysctl"))
    }
}
