// SPDX-License-Identifier: Apache-2.0
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
