// SPDX-License-Identifier: Apache-2.0
import Packets

/// What configures the network of the initial namespace, as it was found on the host: processes, files, interfaces.
///
/// Nothing in it is a guess: every service comes with what was found of it. All texts come from files and processes of
/// others: make them safe before they reach a terminal.
package struct HostServices: Hashable, Sendable {
    /// In the order of `Service`, each at most once.
    package var found: [FoundService]
    /// Who configures an interface, by its index; none for interfaces that nothing says anything about.
    package var managers: [UInt32: InterfaceManager]
    /// systemd's major version, which the name of its shared library tells.
    package var systemdVersion: Int?
    /// The profile of tuned that is active.
    package var tunedProfile: TunedProfile?
    /// Lines of files that name an audit or hardening profile and demand a value.
    package var auditDemands: [AuditDemand]
    /// The bridges of podman's networks, by what their definitions say.
    package var podmanBridges: Set<String>

    package init(
        found: [FoundService] = [], managers: [UInt32: InterfaceManager] = [:], systemdVersion: Int? = nil,
        tunedProfile: TunedProfile? = nil, auditDemands: [AuditDemand] = [], podmanBridges: Set<String> = []
    ) {
        self.found = found
        self.managers = managers
        self.systemdVersion = systemdVersion
        self.tunedProfile = tunedProfile
        self.auditDemands = auditDemands
        self.podmanBridges = podmanBridges
    }

    /// The services that rpfwatch knows something about; the words of snapshots.
    package enum Service: String, Sendable, CaseIterable {
        case networkd = "systemd-networkd"
        case networkManager = "NetworkManager"
        case netplan, ifupdown
        case docker = "Docker"
        case podman
        case calico = "Calico"
        case cilium = "Cilium"
        case kubeRouter = "kube-router"
        case vpcCNI = "aws-vpc-cni"
        case keepalived, tuned
    }

    package subscript(service: Service) -> FoundService? { found.first { $0.service == service } }
}

extension HostServices {
    /// The service that made an interface for containers or for a virtual address, where it is on the host and the name is
    /// of its kind; nil for all others.
    package func maker(of link: Link) -> Service? {
        let name = link.name.text
        let isPair = ["veth", "netkit", "tun"].contains(link.kind)
        let service: Service? =
            switch link.kind {
            case "bridge" where name == "docker0" || name.hasPrefix("br-") && name.utf8.count == 15: .docker
            case "bridge" where podmanBridges.contains(name): .podman
            case "bridge" where name == "kube-bridge": .kubeRouter
            case "dummy" where name == "kube-dummy-if": .kubeRouter
            case "macvlan" where name.hasPrefix("vrrp."): .keepalived
            case _ where isPair && name.hasPrefix("cali"): .calico
            case _ where name.hasPrefix("cilium_") || isPair && name.hasPrefix("lxc"): .cilium
            default: nil
            }
        return service.flatMap { self[$0] == nil ? nil : $0 }
    }
}

/// A service and what was found of it.
package struct FoundService: Hashable, Sendable {
    package var service: HostServices.Service
    /// A process of it runs in the initial namespace.
    package var isRunning: Bool
    /// `process cilium-agent (812)`, a path, `interface cilium_host`.
    package var evidence: [String]

    package init(_ service: HostServices.Service, isRunning: Bool = false, evidence: [String] = []) {
        self.service = service
        self.isRunning = isRunning
        self.evidence = evidence
    }
}

/// A line of a file, counted from 1.
package struct FileLine: Hashable, Sendable, CustomStringConvertible {
    package var path: String
    package var line: Int

    package init(_ path: String, _ line: Int) {
        self.path = path
        self.line = line
    }

    package var description: String { "\(path):\(line)" }
}

/// A value of `net.ipv4.conf` that a file other than those of sysctl.d gives.
package struct ForeignSetting: Hashable, Sendable {
    /// `all`, `default` or an interface's name; tuned takes no globs.
    package var interface: String
    /// `rp_filter`, `accept_local`…
    package var key: String
    package var value: Int32
    package var place: FileLine

    package init(interface: String, key: String, value: Int32, place: FileLine) {
        self.interface = interface
        self.key = key
        self.value = value
        self.place = place
    }
}

/// The active profile of tuned with what it sets in `net.ipv4.conf`, its own and what it includes.
package struct TunedProfile: Hashable, Sendable {
    package var name: String
    package var settings: [ForeignSetting]
    /// `reapply_sysctl` of tuned-main.conf, on by default: tuned reads the system's sysctl files once more after its own
    /// settings, so that theirs win.
    package var reappliesFiles: Bool

    package init(name: String, settings: [ForeignSetting] = [], reappliesFiles: Bool = true) {
        self.name = name
        self.settings = settings
        self.reappliesFiles = reappliesFiles
    }
}

/// A line that an audit or hardening profile put there.
package struct AuditDemand: Hashable, Sendable {
    /// What the file calls it: `CIS`, `STIG`…
    package var profile: String
    package var setting: ForeignSetting

    package init(profile: String, setting: ForeignSetting) {
        self.profile = profile
        self.setting = setting
    }
}
