// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Settings

extension Situation {
    /// What daemons of this host would undo of the changes, and what its audit profiles forbid.
    ///
    /// `isPersistent`: a file goes with the fix, which daemons that give way to files then follow. `network`: what is said
    /// about the daemon that configures the interface already.
    func objections(to changes: [Change], isPersistent: Bool, network: PersistentNetwork?) -> [String] {
        guard finding.namespace.isInitial, let services = facts.services else { return [] }
        let settings = changes.compactMap { change -> SysctlSetting? in
            if case .sysctl(let setting) = change { setting } else { nil }
        }
        var sentences: [String] = []
        for setting in settings {
            for claim in daemonClaims(on: setting.key, of: setting.scope, in: facts)
            where claim.owner.value != setting.value && !(claim.service == .networkd && network != nil) {
                sentences += objection(claim, to: setting, isPersistent: isPersistent)
            }
        }
        let after = widenedModes(settings)
        if services[.calico] != nil, settings.contains(where: { $0.scope == .all && $0.isReversePath && $0.value > 1 })
        {
            sentences.append(
                "Calico demands 0 or 1 for all: its Felix does not start while it is 2, unless FELIX_IGNORELOOSERPF is"
                    + " true.")
        }
        sentences += auditObjections(services.auditDemands, settings, after)
        var seen: Set<String> = []
        return sentences.filter { seen.insert($0).inserted }
    }

    private func objection(_ claim: DaemonClaim, to setting: SysctlSetting, isPersistent: Bool) -> [String] {
        guard let name = facts.directory(of: setting.scope)?.display else { return [] }
        let value = claim.owner.value.map { " to \($0)" } ?? ""
        let source = terminalSafe(claim.owner.source)
        var sentence = "\(source) sets net.ipv4.conf.\(name).\(setting.key.rawValue)\(value) \(claim.occasion)"
        if claim.yieldsToFiles {
            sentence += isPersistent ? "; the file that goes with this fix then wins." : ", and undoes this."
        } else {
            sentence += ", and undoes this."
        }
        if let own = claim.owner.setting, !(claim.yieldsToFiles && isPersistent) {
            sentence += " Its own setting is \(terminalSafe(own))."
        }
        return [sentence]
    }

    /// The interfaces whose effective mode the settings change, with the mode they get.
    private func widenedModes(_ settings: [SysctlSetting]) -> [Fix.Widening] {
        var state = HostState(facts)
        state.apply(settings.map { .sysctl($0) })
        return facts.configuration.widenings(to: state.facts.configuration, of: facts.links)
    }

    /// A profile that demands a value of `all` means every interface by it.
    private func auditObjections(
        _ demands: [AuditDemand], _ settings: [SysctlSetting], _ widened: [Fix.Widening]
    ) -> [String] {
        demands.compactMap { demand in
            let wanted = demand.setting
            let place = "\(demand.profile) (\(terminalSafe(wanted.place.description)))"
            let key = "net.ipv4.conf.\(terminalSafe(wanted.interface)).\(terminalSafe(wanted.key))"
            let isBroken = settings.contains { setting in
                setting.key.rawValue == wanted.key && setting.value != wanted.value
                    && facts.directory(of: setting.scope) == InterfaceName(wanted.interface)
            }
            if isBroken { return "\(place) demands \(key)=\(wanted.value): with this fix the host fails that audit." }
            let exceptions = widened.filter { $0.after != wanted.value }.map(\.interface.display)
            guard wanted.interface == "all", wanted.key == "rp_filter", wanted.value == 1, !exceptions.isEmpty else {
                return nil
            }
            return "\(place) demands \(key)=1: \(listing(exceptions)) would be an exception to it that somebody has to"
                + " allow."
        }
    }
}

extension SysctlSetting {
    fileprivate var isReversePath: Bool { key == .rpFilter }
}
