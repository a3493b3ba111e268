// SPDX-License-Identifier: Apache-2.0
import Facts

/// Who made the namespace of a process, by its `/proc/PID/cgroup` (see `containerID`). Nil when the path names neither a
/// container nor a system service, as for what somebody runs in a session.
func namespaceCreator(cgroup bytes: [UInt8]) -> NamespaceCreator? {
    var unit: NamespaceCreator?
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { continue }
        // A systemd path of the form slice:prefix:id is runc's way to name the scope it asks for.
        let components = fields[2].split { $0 == "/" || $0 == ":" }
        if let creator = containerCreator(components) { return creator }
        if unit == nil { unit = unitCreator(components) }
    }
    return unit
}

private func containerCreator(_ components: [Substring]) -> NamespaceCreator? {
    for (index, component) in components.enumerated().reversed() {
        if component.hasPrefix("lxc.payload.") {
            return NamespaceCreator(.lxc, name: String(component.dropFirst("lxc.payload.".count)))
        }
        if component.hasPrefix("systemd-nspawn@"), component.hasSuffix(".service") {
            return NamespaceCreator(
                .nspawn, name: String(component.dropFirst("systemd-nspawn@".count).dropLast(".service".count)))
        }
        guard containerID(cgroup: Array("0::/\(component)".utf8)) != nil else { continue }
        let outer = components[..<index]
        if component.hasPrefix("libpod-") || outer.last == "libpod_parent" {
            // A quadlet's container is below the service that systemd made of it.
            let service = outer.last { $0.hasSuffix(".service") && !$0.hasPrefix("user@") }
            return NamespaceCreator(.podman, name: service.map { String($0) })
        }
        if component.hasPrefix("nerdctl-") { return NamespaceCreator(.nerdctl) }
        let isInPod = outer.last?.contains("pod") == true || component.hasPrefix("crio-")
        if isInPod || component.hasPrefix("cri-containerd-") { return NamespaceCreator(.kubernetes) }
        if outer.last == "cri-containerd" { return NamespaceCreator(.kubernetes) }
        if component.hasPrefix("docker-") || outer.last == "docker" { return NamespaceCreator(.docker) }
        return nil
    }
    return nil
}

/// The system service itself; what it started in deeper groups of its own is its affair.
private func unitCreator(_ components: [Substring]) -> NamespaceCreator? {
    guard components.first == "system.slice",
        let unit = components.last(where: { $0.hasSuffix(".service") })
    else { return nil }
    return NamespaceCreator(.unit, name: String(unit))
}

extension NamespaceCreator {
    /// By a name under /run/netns: containerd calls those of CNI plugins `cni-` and a UUID, CRI-O by the UUID alone, and
    /// podman `netns-` and a UUID.
    init(namespaceName name: String) {
        func isUUID(behind prefix: String) -> Bool {
            let digits = name.dropFirst(prefix.count)
            return name.hasPrefix(prefix) && digits.utf8.count == 36
                && digits.allSatisfy { $0.isHexDigit || $0 == "-" }
        }
        if isUUID(behind: "netns-") {
            self.init(.podman)
        } else {
            self.init(isUUID(behind: "cni-") || isUUID(behind: "") ? .cni : .script, name: name)
        }
    }
}
