// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets

/// A daemon that writes a sysctl of `net.ipv4.conf` by itself on this host.
package struct DaemonClaim: Hashable, Sendable {
    package var service: HostServices.Service
    package var owner: Owner
    /// When it writes: follows "sets it".
    package var occasion: String
    /// An explicit key in a file of sysctl.d is applied after it.
    package var yieldsToFiles: Bool

    init(
        _ service: HostServices.Service, _ owner: Owner, _ occasion: String, yieldsToFiles: Bool = false
    ) {
        self.service = service
        self.owner = owner
        self.occasion = occasion
        self.yieldsToFiles = yieldsToFiles
    }
}

/// The daemons that set a value, those that write last first; of daemons that are not on this host nothing is said.
///
/// What each of them does is in its source or documentation: systemd `networkd-sysctl.c`; Calico `felix/dataplane/linux`
/// (endpoint_mgr.go); Cilium `install/kubernetes/cilium` (sysctlfix) and `pkg/datapath/connector`; kube-router
/// `network_services_controller.go`; netavark `bridge.rs`; amazon-vpc-cni-k8s `pkg/networkutils`; keepalived
/// `vrrp_vmac.c`; tuned `plugin_sysctl.py`. Docker and Tailscale write no rp_filter.
package func daemonClaims(
    on key: InterfaceSysctl, of scope: SysctlScope, in facts: NetworkFacts
) -> [DaemonClaim] {
    guard facts.namespace.isInitial, let services = facts.services else { return [] }
    var claims: [DaemonClaim] = []
    if case .interface(let index) = scope, let link = facts.link(index) {
        claims += services.networkd(key, link)
        if key == .rpFilter { claims += services.reversePath(on: link, in: facts) }
    } else if key == .rpFilter {
        claims += services.reversePath(of: scope, in: facts)
    }
    if let name = facts.directory(of: scope), let claim = services.tuned(key, name) { claims.append(claim) }
    return claims
}

extension HostServices {
    /// systemd-networkd, where the link's files set the value.
    fileprivate func networkd(_ key: InterfaceSysctl, _ link: Link) -> [DaemonClaim] {
        guard case .networkd(let state) = managers[link.index],
            let setting = state.settings.first(where: { $0.key == key.rawValue }),
            // Older ones do not know the setting and pass over it.
            key != .rpFilter || systemdVersion.map({ $0 >= 255 }) ?? true
        else { return [] }
        let name = key == .rpFilter ? "IPv4ReversePathFilter" : "IPv4AcceptLocal"
        return [
            DaemonClaim(
                .networkd,
                Owner(
                    source: "systemd-networkd (\(setting.place))", value: setting.value,
                    setting: "\(name)= in [Network] of \(setting.place.path)"),
                "whenever it configures the interface")
        ]
    }

    /// Daemons of containers that set rp_filter of interfaces they made or chose.
    fileprivate func reversePath(on link: Link, in facts: NetworkFacts) -> [DaemonClaim] {
        let maker = maker(of: link)
        var claims: [DaemonClaim] = []
        if let cilium = self[.cilium], maker == .cilium {
            claims.append(
                DaemonClaim(
                    .cilium, Owner(source: "Cilium (\(cilium.proof))", value: 0),
                    "for each endpoint that it creates, in 99-zzz-override_cilium.conf and by itself"))
        }
        if let calico = self[.calico], maker == .calico {
            claims.append(
                DaemonClaim(
                    .calico,
                    Owner(
                        source: "Calico (\(calico.proof))",
                        setting: "the pod's annotation cni.projectcalico.org/allowedSourcePrefixes, which makes it 0"),
                    "whenever Felix configures the pod's interface: 1, or what `default` was when it started"))
        }
        if maker == .podman {
            claims.append(
                DaemonClaim(
                    .podman, Owner(source: "podman (netavark)", value: 2), "when it creates the bridge",
                    yieldsToFiles: true))
        }
        if let aws = self[.vpcCNI], aws.isRunning, link.index == facts.defaultInterface {
            claims.append(
                DaemonClaim(
                    .vpcCNI,
                    Owner(
                        source: "AWS VPC CNI (\(aws.proof))", value: 2,
                        setting: "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER before version 1.12.1, none since"),
                    "on the primary interface whenever its pod starts"))
        }
        if let keepalived = self[.keepalived], keepalived.isRunning, maker == .keepalived {
            claims.append(vmacClaim(keepalived))
        }
        return claims
    }

    private func vmacClaim(_ keepalived: FoundService) -> DaemonClaim {
        DaemonClaim(
            .keepalived,
            Owner(source: "keepalived (\(keepalived.proof))", value: 0, setting: "use_vmac of the VRRP instance"),
            "for its VMAC interfaces")
    }

    /// Daemons that set rp_filter of `all` or `default`.
    fileprivate func reversePath(of scope: SysctlScope, in facts: NetworkFacts) -> [DaemonClaim] {
        var claims: [DaemonClaim] = []
        if let cilium = self[.cilium], scope == .all,
            cilium.evidence.contains("/etc/sysctl.d/99-zzz-override_cilium.conf")
        {
            claims.append(
                DaemonClaim(
                    .cilium,
                    Owner(
                        source: "Cilium (/etc/sysctl.d/99-zzz-override_cilium.conf)", value: 0,
                        setting: "sysctlfix.enabled of its Helm chart"),
                    "by that file, and applies all of sysctl.d anew whenever its pod starts", yieldsToFiles: true))
        }
        if let router = self[.kubeRouter], router.isRunning, scope == .all {
            claims.append(
                DaemonClaim(
                    .kubeRouter,
                    Owner(
                        source: "kube-router (\(router.proof))", value: 2, setting: "its option --run-service-proxy"),
                    "when its service proxy starts"))
        }
        if let keepalived = self[.keepalived], keepalived.isRunning,
            facts.links.contains(where: { maker(of: $0) == .keepalived })
        {
            claims.append(vmacClaim(keepalived))
        }
        return claims
    }

    private func tunedSetting(_ key: InterfaceSysctl, _ name: InterfaceName) -> ForeignSetting? {
        tunedProfile?.settings.first { $0.key == key.rawValue && InterfaceName($0.interface) == name }
    }

    fileprivate func tuned(_ key: InterfaceSysctl, _ name: InterfaceName) -> DaemonClaim? {
        guard let profile = tunedProfile, let setting = tunedSetting(key, name) else { return nil }
        return DaemonClaim(
            .tuned,
            Owner(
                source: "tuned, profile \(profile.name) (\(setting.place))", value: setting.value,
                setting: "[sysctl] of \(setting.place.path)"),
            "when it applies its profile", yieldsToFiles: profile.reappliesFiles)
    }
}

extension FoundService {
    /// The first thing that was found of it.
    fileprivate var proof: String { evidence.first ?? service.rawValue }
}

extension NetworkFacts {
    /// Where the main table's best default route leads: what cloud images call the primary interface.
    fileprivate var defaultInterface: UInt32? {
        let routes = routes.filter { $0.table == Route.Table.main && $0.destination.length == 0 && $0.kind == .unicast }
        return routes.min { $0.metric < $1.metric }?.nexthops.first?.interface
    }
}
