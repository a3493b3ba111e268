// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import SystemPackage

/// The processes of known services.
struct RunningServices {
    /// By service, what was found: `process cilium-agent (812)`.
    private(set) var evidence: [HostServices.Service: String] = [:]

    /// The `comm` of a process, of which the kernel keeps 15 octets, by the service that it is of. Each is the name of the
    /// program that its project builds or packages.
    private static let commands: [String: HostServices.Service] = [
        "systemd-network": .networkd, "NetworkManager": .networkManager, "dockerd": .docker, "conmon": .podman,
        "calico-node": .calico, "calico-felix": .calico, "cilium-agent": .cilium, "kube-router": .kubeRouter,
        "aws-k8s-agent": .vpcCNI, "keepalived": .keepalived, "tuned": .tuned,
    ]

    /// Looks once at every process. One that is known to be in another network namespace than process 1, such as a
    /// daemon in a container, does not count: it is not the initial namespace that it configures.
    init(_ tree: HostTree) {
        let initial = Self.namespace(tree, "1")
        for name in Files.names(in: tree.path("/proc")) {
            guard let first = name.first, (0x31...0x39).contains(first) else { continue }
            let id = String(decoding: name, as: UTF8.self)
            guard let command = Files.line(tree.path("/proc/\(id)/comm")), let service = Self.commands[command],
                evidence[service] == nil
            else { continue }
            // conmon, which podman leaves beside each container, serves CRI-O as well.
            if service == .podman && !tree.exists("/run/libpod") && !tree.exists("/run/podman") { continue }
            if let initial, let own = Self.namespace(tree, id), own != initial { continue }
            evidence[service] = "process \(command) (\(id))"
        }
    }

    /// The inode of a process' network namespace; nil when it may not be read.
    private static func namespace(_ tree: HostTree, _ processID: String) -> UInt64? {
        (try? Files.status(tree.path("/proc/\(processID)/ns/net"))).map { UInt64($0.st_ino) }
    }
}
