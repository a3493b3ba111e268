// SPDX-License-Identifier: Apache-2.0
import Facts
import Testing

@testable import Host

@Suite struct ContainerTests {
    static let id = "3f4c8e0e9d0b1a2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4"
    static let other = "00000000000000000000000000000000000000000000000000000000000000aa"

    @Test(arguments: [
        "0::/system.slice/docker-\(id).scope",
        "12:pids:/docker/\(id)\n0::/",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice/cri-containerd-\(id).scope",
        "0::/kubepods-besteffort-pod7.slice:cri-containerd:\(id)",
        "11:memory:/kubepods/besteffort/pod7a3b/\(id)",
        "0::/kubepods.slice/kubepods-pod9.slice/crio-\(id).scope",
        "0::/machine.slice/libpod-\(id).scope/container",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope",
        "0::/../../docker-\(id).scope",
        // One in another: the inner one is meant.
        "0::/docker/\(other)/kubelet.slice/cri-containerd-\(id).scope",
    ])
    func theContainersIdIsInTheControlGroupsPath(cgroup: String) {
        #expect(containerID(cgroup: Array(cgroup.utf8)) == Self.id)
    }

    @Test(arguments: [
        "", "0::/", "0::/init.scope", "0::/system.slice/ssh.service", "0::/machine.slice/libpod-conmon-\(id).scope",
        "0::/docker-\(id)0.scope", "4:memory:/process_api/6d3eff0c91c6cdaf48ec7c2ce9f4844a", "nonsense",
    ])
    func everythingElseIsNoContainer(cgroup: String) {
        #expect(containerID(cgroup: Array(cgroup.utf8)) == nil)
    }

    @Test(arguments: [
        ("0::/lxc.payload.web/init.scope", "web"), ("0::/machine.slice/systemd-nspawn@db.service/payload", "db"),
    ])
    func machinesAreKnownByTheirName(cgroup: String, name: String) {
        #expect(containerID(cgroup: Array(cgroup.utf8)) == name)
    }

    @Test(arguments: [
        ("0::/system.slice/docker-\(id).scope", NamespaceCreator(.docker)),
        ("12:pids:/docker/\(id)\n0::/", NamespaceCreator(.docker)),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice/cri-containerd-\(id).scope",
            NamespaceCreator(.kubernetes)
        ),
        ("0::/kubepods-besteffort-pod7.slice:cri-containerd:\(id)", NamespaceCreator(.kubernetes)),
        ("11:memory:/kubepods/besteffort/pod7a3b/\(id)", NamespaceCreator(.kubernetes)),
        ("0::/kubepods.slice/kubepods-pod9.slice/crio-\(id).scope", NamespaceCreator(.kubernetes)),
        // cri-dockerd: a pod all the same.
        ("0::/kubepods.slice/kubepods-pod9.slice/docker-\(id).scope", NamespaceCreator(.kubernetes)),
        // Docker inside of a pod.
        ("0::/kubepods/besteffort/pod7a3b/\(other)/docker/\(id)", NamespaceCreator(.docker)),
        ("0::/machine.slice/libpod-\(id).scope/container", NamespaceCreator(.podman)),
        ("0::/system.slice/web.service/libpod-payload-\(id)", NamespaceCreator(.podman, name: "web.service")),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope",
            NamespaceCreator(.podman)
        ),
        ("0::/system.slice/nerdctl-\(id).scope", NamespaceCreator(.nerdctl)),
        ("0::/lxc.payload.web/init.scope", NamespaceCreator(.lxc, name: "web")),
        ("0::/machine.slice/systemd-nspawn@db.service/payload", NamespaceCreator(.nspawn, name: "db")),
        ("0::/system.slice/vpn.service", NamespaceCreator(.unit, name: "vpn.service")),
        ("0::/system.slice/system-vpn.slice/vpn@a.service/sub", NamespaceCreator(.unit, name: "vpn@a.service")),
    ])
    func theCreatorIsInTheControlGroupsPath(cgroup: String, creator: NamespaceCreator) {
        #expect(namespaceCreator(cgroup: Array(cgroup.utf8)) == creator)
    }

    @Test(arguments: [
        "", "0::/", "0::/init.scope", "0::/user.slice/user-0.slice/session-1.scope",
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "0::/\(id)", "nonsense",
    ])
    func whatSomebodyRunsHasNoCreator(cgroup: String) {
        #expect(namespaceCreator(cgroup: Array(cgroup.utf8)) == nil)
    }

    @Test func namesOfContainerRuntimesAreKnown() {
        let name = "cni-0c9a61a2-3b6e-4f0e-8f0a-0d1c2b3a4f5e"
        #expect(NamespaceCreator(namespaceName: name) == NamespaceCreator(.cni, name: name))
        let digits = String(name.dropFirst("cni-".count))
        #expect(NamespaceCreator(namespaceName: digits) == NamespaceCreator(.cni, name: digits))
        #expect(NamespaceCreator(namespaceName: "netns-" + digits) == NamespaceCreator(.podman))
        #expect(NamespaceCreator(namespaceName: "cni-lab") == NamespaceCreator(.script, name: "cni-lab"))
    }

    @Test func dockersNameIsTheOneAtTheTop() {
        let text = #"""
            {"Config":{"Labels":{"Name":"/label"},"Env":["A=\"Name\":\"/x\""]},"State":{"Pid":7,"Dead":false},
             "MountPoints":{},"List":[1,-2.5e3,[],null],"Name":"/web \"1\"","Last":true}
            """#
        #expect(JSONScanner(Array(text.utf8)).string(at: ["Name"]) == #"/web "1""#)
        #expect(JSONScanner(Array(text.utf8)).string(at: ["Config", "Labels", "Name"]) == "/label")
    }

    @Test func podmansNameIsInTheElementOfItsId() {
        let text = #"[{"id":"a","names":["one"]},{"id":"b","names":["two","alias"],"layer":{"id":"a"}},{"id":"c"}]"#
        let scanner = JSONScanner(Array(text.utf8))
        #expect(scanner.string(inElementWith: "id", equalTo: "a", at: "names") == "one")
        #expect(scanner.string(inElementWith: "id", equalTo: "b", at: "names") == "two")
        #expect(scanner.string(inElementWith: "id", equalTo: "c", at: "names") == nil)
        #expect(scanner.string(inElementWith: "id", equalTo: "d", at: "names") == nil)
    }

    @Test(arguments: ["", "{", "[", "{\"Name\"", "{\"Name\":", "{\"Name\":\"x", "[[[[", "nul", "{]}", "\u{0}"])
    func brokenFilesAreHarmless(text: String) {
        #expect(JSONScanner(Array(text.utf8)).string(at: ["Name"]) == nil)
        #expect(JSONScanner(Array(text.utf8)).string(inElementWith: "id", equalTo: "a", at: "names") == nil)
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(JSONScanner(deep).string(at: ["Name"]) == nil)
    }
}
