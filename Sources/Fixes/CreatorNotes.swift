// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// How a fix in another namespace lasts: by the own setting of whoever creates that namespace.
struct CreatorNotes {
    private let namespace: NamespaceIdentity
    /// The sysctls of the fix as (interface or `all` or `default`, key, value).
    private let sysctls: [(scope: InterfaceName, key: InterfaceSysctl, value: Int32)]
    /// The fix adds or removes routes, rules, addresses or packet filter rules.
    private let changesMore: Bool

    init(_ changes: [Change], in situation: Situation) {
        // The snapshot may know more of the namespace than the finding.
        let facts = situation.facts
        var namespace = situation.finding.namespace
        if namespace.creator == nil && namespace.inode == facts.namespace.inode {
            namespace.creator = facts.namespace.creator
        }
        self.namespace = namespace
        sysctls = changes.compactMap { change in
            guard case .sysctl(let setting) = change, let name = setting.directory(in: facts) else { return nil }
            return (name, setting.key, setting.value)
        }
        changesMore = !changes.allSatisfy(\.isSysctl)
    }

    /// One sentence or two.
    var sentence: String {
        guard let creator = namespace.creator else { return unknown }
        let name = creator.name.map { terminalSafe($0) } ?? ""
        switch creator.kind {
        case .docker: return lasts(container) + docker
        case .podman: return lasts(container) + podman(unit: creator.name)
        case .nerdctl: return lasts(container) + options("nerdctl run")
        case .kubernetes: return lasts("the pod of \(container)") + pod
        case .cni: return lasts("network namespace \(name)") + "It is one of a CNI plugin. " + tuning
        case .lxc: return lasts("container \(name)") + lxc(name)
        case .nspawn:
            return lasts("machine \(name)")
                + "To keep it, configure it inside, as on any other host: systemd-nspawn has no setting for it."
        case .unit: return lasts("the service \(name)") + unit(name)
        case .script:
            return lasts("network namespace \(name)")
                + "To keep it, add the commands to whatever runs `ip netns add \(ShellWord(quoting: creator.name ?? "").text)`."
        }
    }

    private func lasts(_ owner: String) -> String { "It lasts as long as \(owner). " }

    private var container: String {
        guard let container = namespace.container else { return "its container" }
        return "container " + terminalSafe(container.name ?? String(container.id.prefix(12)))
    }

    private var unknown: String {
        lasts(namespace.container == nil ? "the network namespace" : "the namespace of \(container)")
            + "To keep it, have whoever creates the namespace set it; for a container that is `docker run --sysctl` or a"
            + " pod's securityContext.sysctls."
    }

    /// For changes that the creator has no setting for.
    private var byHand: String {
        "whatever starts it has to run these commands afterwards."
    }

    /// Since Docker 27 (API 1.46) values of one interface belong to its endpoint, where IFNAME stands for its name.
    private var docker: String {
        guard !changesMore else { return "Docker has no setting for it: \(byHand)" }
        let own = sysctls.filter { !isShared($0.scope) }
        let shared = sysctls.filter { isShared($0.scope) }
        var parts: [String] = []
        if !own.isEmpty {
            let values = own.map { "net.ipv4.conf.IFNAME.\($0.key.rawValue)=\($0.value)" }.joined(separator: ",")
            let before = own.map { "--sysctl \(text($0))" }.joined(separator: " ")
            parts.append(
                "`docker run --network 'name=NETWORK,\"driver-opt=com.docker.network.endpoint.sysctls=\(values)\"'`"
                    + " (driver_opts of the service's network in Compose; before Docker 27 `\(before)`)")
        }
        if !shared.isEmpty {
            parts.append(
                "`docker run \(shared.map { "--sysctl \(text($0))" }.joined(separator: " "))` (sysctls: in Compose)")
        }
        return "To keep it, create the container with \(parts.joined(separator: " and "))."
    }

    private func podman(unit: String?) -> String {
        guard !changesMore else {
            return "podman has options for routes of a network alone (`podman network create --route`); else \(byHand)"
        }
        guard let unit else { return options("podman run") }
        let lines = sysctls.map { "`Sysctl=\(text($0))`" }
        return "To keep it, put \(listing(lines)) into [Container] of the quadlet of \(terminalSafe(unit))."
    }

    private func options(_ command: String) -> String {
        guard !changesMore else { return "To keep it, \(byHand)" }
        return "To keep it, create the container with `\(command) "
            + sysctls.map { "--sysctl \(text($0))" }.joined(separator: " ") + "`."
    }

    private var pod: String {
        guard !changesMore else {
            return "Routes, rules and addresses of a pod are its CNI plugin's affair: configure them there."
        }
        let values = sysctls.map { "{name: \(text($0, separator: ".")), value: \"\($0.value)\"}" }
        return "To keep it, put \(listing(values)) into securityContext.sysctls of the pod; these are unsafe sysctls,"
            + " which the node's kubelet has to allow (`--allowed-unsafe-sysctls 'net.ipv4.conf.*'`). For every pod of"
            + " the network: " + tuning
    }

    private var tuning: String {
        guard !changesMore else { return "Its configuration in /etc/cni/net.d is where routes belong." }
        let values = sysctls.map { sysctl in
            let scope = isShared(sysctl.scope) ? sysctl.scope.text : "IFNAME"
            return "\"net.ipv4.conf.\(scope).\(sysctl.key.rawValue)\": \"\(sysctl.value)\""
        }
        return
            "the CNI plugin `tuning` with `\"sysctl\": {\(values.joined(separator: ", "))}` in /etc/cni/net.d sets it."
    }

    private func lxc(_ name: String) -> String {
        let inside = "configure it inside, as on any other host"
        guard !changesMore else { return "To keep it, \(inside)." }
        let lines = sysctls.map { "`lxc.sysctl.\(text($0, separator: ".")) = \($0.value)`" }
        return "To keep it, put \(listing(lines)) into the container's configuration, or \(inside)."
    }

    private func unit(_ name: String) -> String {
        "systemd makes its namespace (PrivateNetwork=), or it joins one (NetworkNamespacePath=). To keep it, "
            + (changesMore
                ? "run these commands from an ExecStartPre= of the unit."
                : "set it from an ExecStartPre=+ of the unit: `\(assignments)`.")
    }

    private var assignments: String {
        "sysctl -w " + sysctls.map { text($0) }.joined(separator: " ")
    }

    private func isShared(_ scope: InterfaceName) -> Bool { scope == "all" || scope == "default" }

    /// `net.ipv4.conf.eth0.rp_filter=2`, quoted for a shell where it has to be.
    private func text(_ sysctl: (scope: InterfaceName, key: InterfaceSysctl, value: Int32)) -> String {
        SysctlName.assignment(name: sysctl.scope, key: sysctl.key, value: sysctl.value).text
    }

    /// The name alone, for files.
    private func text(
        _ sysctl: (scope: InterfaceName, key: InterfaceSysctl, value: Int32), separator: String
    ) -> String {
        let separator = sysctl.scope.bytes.contains(UInt8(ascii: ".")) ? "/" : separator
        return ["net", "ipv4", "conf", sysctl.scope.display, sysctl.key.rawValue].joined(separator: separator)
    }
}
