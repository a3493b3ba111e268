// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets
package import SystemPackage

/// Finds what configures the network of this host, by its processes, files and interfaces.
package struct HostServicesReader: Sendable {
    private let tree: HostTree

    /// `root` is where the host's files are: `/`, or a tree made for a test.
    package init(root: FilePath = "/") {
        tree = HostTree(root: root)
    }

    /// What is found for the interfaces of the initial namespace. Files that are not there or may not be read count as
    /// nothing found.
    package func read(_ links: [Link]) -> HostServices {
        let netplan = NetplanFiles(tree)
        let interfaces = InterfacesFiles(tree)
        let networkd = NetworkdFiles(tree: tree)
        let podmanBridges = podmanBridges
        var result = HostServices(
            managers: managers(links, networkd, netplan, interfaces), systemdVersion: networkd.version,
            tunedProfile: TunedFiles(tree: tree).profile, auditDemands: AuditFiles(tree: tree).demands,
            podmanBridges: podmanBridges)
        let evidence = evidence(links, netplan, interfaces, podmanBridges)
        let running = RunningServices(tree)
        result.found = HostServices.Service.allCases.compactMap { service in
            let process = running.evidence[service]
            let all = [process].compactMap { $0 } + evidence[service, default: []]
            return all.isEmpty ? nil : FoundService(service, isRunning: process != nil, evidence: all)
        }
        return result
    }

    /// The state files of the daemons say what they manage now; interfaces(5) only what ifupdown would do.
    private func managers(
        _ links: [Link], _ networkd: NetworkdFiles, _ netplan: NetplanFiles, _ interfaces: InterfacesFiles
    ) -> [UInt32: InterfaceManager] {
        let networkManager = NetworkManagerFiles(tree: tree)
        var result: [UInt32: InterfaceManager] = [:]
        for link in links where !link.isLoopback {
            if var state = networkd.link(link.index) {
                state.netplan = netplan.origin(of: state.networkFile)
                result[link.index] = .networkd(state)
            } else if var connection = networkManager.connection(link.index) {
                connection.netplan = connection.file.flatMap { netplan.origin(of: $0) }
                result[link.index] = .networkManager(connection)
            } else if link.name.isValidUTF8, let stanza = interfaces.stanza(link.name.text) {
                result[link.index] = .ifupdown(stanza)
            }
        }
        return result
    }

    /// Files and interfaces that a service leaves.
    private func evidence(
        _ links: [Link], _ netplan: NetplanFiles, _ interfaces: InterfacesFiles, _ podmanBridges: Set<String>
    ) -> [HostServices.Service: [String]] {
        var result: [HostServices.Service: [String]] = [:]
        let files: [(HostServices.Service, [String])] = [
            (.podman, ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"]),
            (.cilium, ["/etc/sysctl.d/99-zzz-override_cilium.conf"]),
            (.tuned, ["/etc/tuned/active_profile"]),
        ]
        for (service, paths) in files {
            for path in paths where tree.exists(path) { result[service, default: []].append(path) }
        }
        var netplanFiles: [String] = []
        for definition in netplan.definitions where !netplanFiles.contains(definition.place.path) {
            netplanFiles.append(definition.place.path)
        }
        if !netplanFiles.isEmpty { result[.netplan] = netplanFiles }
        if interfaces.isThere { result[.ifupdown] = ["/etc/network/interfaces"] }
        let names: [(HostServices.Service, (String) -> Bool)] = [
            (.docker, { $0 == "docker0" }), (.podman, { podmanBridges.contains($0) }),
            (.calico, { $0.hasPrefix("cali") || $0 == "vxlan.calico" || $0 == "wireguard.cali" }),
            (.cilium, { $0 == "cilium_host" || $0 == "cilium_net" }),
            (.kubeRouter, { $0 == "kube-bridge" || $0 == "kube-dummy-if" }),
        ]
        for (service, isOf) in names {
            if let link = links.first(where: { isOf($0.name.text) }) {
                result[service, default: []].append("interface \(link.name.text)")
            }
        }
        return result
    }

    /// `network_interface` of the networks that podman keeps for netavark, and the bridge of its default network, which
    /// needs no file.
    private var podmanBridges: Set<String> {
        let directory = "/etc/containers/networks"
        var result: Set<String> = ["podman0"]
        for name in tree.names(in: directory).prefix(512) where name.hasSuffix(".json") {
            let json = JSONScanner(Array((tree.text("\(directory)/\(name)") ?? "").utf8))
            guard json.string(at: ["driver"]) == "bridge", let bridge = json.string(at: ["network_interface"]) else {
                continue
            }
            result.insert(bridge)
        }
        return result
    }
}
