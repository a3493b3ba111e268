// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// How a fix survives a reboot.
enum Persistence {
    /// How to make the fix last where no file is offered.
    static func notes(for changes: [Change], in situation: Situation) -> [String] {
        let namespace = situation.finding.namespace
        if !namespace.isInitial {
            let keys = changes.compactMap { change -> String? in
                guard case .sysctl(let setting) = change, let name = setting.directory(in: situation.facts) else {
                    return nil
                }
                return "net.ipv4.conf.\(name.display).\(setting.key.rawValue)=\(setting.value)"
            }
            if let container = namespace.container {
                let name = terminalSafe(container.name ?? String(container.id.prefix(12)))
                let setting = keys.isEmpty ? "its network set-up" : "`docker run --sysctl \(listing(keys, limit: 2))`"
                return [
                    "It lasts as long as the namespace of container \(name). To keep it, set it where the container is"
                        + " created: \(setting), or a pod's securityContext.sysctls."
                ]
            }
            return [
                "It lasts as long as the network namespace. To keep it, have whoever creates the namespace set it; for"
                    + " a container that is `docker run --sysctl` or a pod's securityContext.sysctls."
            ]
        }
        return ["Lost at the next boot: put it into this host's network configuration as well."]
    }
}
