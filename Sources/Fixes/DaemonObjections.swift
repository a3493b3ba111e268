// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Settings

/// What stands against a fix on this host.
struct Objection: Hashable {
    /// The daemon, or the audit profile; safe for a terminal.
    var from: String
    var sentence: String
    /// It undoes or forbids the fix as it stands, rather than giving way to its file.
    var isBinding = true
}

extension [Objection] {
    /// To follow the summary of a fix; empty when nothing is binding.
    var remark: String {
        var names: [String] = []
        for objection in self where objection.isBinding && !names.contains(objection.from) {
            names.append(objection.from)
        }
        guard !names.isEmpty else { return "" }
        return " Against it on this host: \(listing(names)); its side effects say why."
    }
}

extension Situation {
    /// What daemons of this host would undo of the changes, and what its audit profiles forbid.
    ///
    /// `isPersistent`: a file goes with the fix, which daemons that give way to files then follow. `network`: what is said
    /// about the daemon that configures the interface already.
    func objections(to changes: [Change], isPersistent: Bool, network: PersistentNetwork?) -> [Objection] {
        guard finding.namespace.isInitial, let services = facts.services else { return [] }
        let settings = changes.compactMap { change -> SysctlSetting? in
            if case .sysctl(let setting) = change { setting } else { nil }
        }
        var objections: [Objection] = []
        for setting in settings {
            for claim in daemonClaims(on: setting.key, of: setting.scope, in: facts)
            where claim.owner.value != setting.value && !(claim.service == .networkd && network != nil) {
                objections += objection(claim, to: setting, isPersistent: isPersistent)
            }
        }
        let after = widenedModes(settings)
        if services[.calico] != nil, settings.contains(where: { $0.scope == .all && $0.isReversePath && $0.value > 1 })
        {
            objections.append(
                Objection(
                    from: HostServices.Service.calico.rawValue,
                    sentence: "Calico demands 0 or 1 for all: its Felix does not start while it is 2, unless"
                        + " FELIX_IGNORELOOSERPF is true."))
        }
        objections += auditObjections(services.auditDemands, settings, after)
        var seen: Set<Objection> = []
        return objections.filter { seen.insert($0).inserted }
    }

    private func objection(_ claim: DaemonClaim, to setting: SysctlSetting, isPersistent: Bool) -> [Objection] {
        guard let name = facts.directory(of: setting.scope)?.display else { return [] }
        let value = claim.owner.value.map { " to \($0)" } ?? ""
        let source = terminalSafe(claim.owner.source)
        var sentence = "\(source) sets net.ipv4.conf.\(name).\(setting.key.rawValue)\(value) \(claim.occasion)"
        let isBinding = !(claim.yieldsToFiles && isPersistent)
        sentence += isBinding ? ", and undoes this." : "; the file that goes with this fix then wins."
        if let own = claim.owner.setting, isBinding { sentence += " Its own setting is \(terminalSafe(own))." }
        return [Objection(from: claim.service.rawValue, sentence: sentence, isBinding: isBinding)]
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
    ) -> [Objection] {
        demands.compactMap { demand in
            let wanted = demand.setting
            let place = "\(demand.profile) (\(terminalSafe(wanted.place.description)))"
            let key = "net.ipv4.conf.\(terminalSafe(wanted.interface)).\(terminalSafe(wanted.key))"
            let isBroken = settings.contains { setting in
                setting.key.rawValue == wanted.key && setting.value != wanted.value
                    && facts.directory(of: setting.scope) == InterfaceName(wanted.interface)
            }
            if isBroken {
                return Objection(
                    from: demand.profile,
                    sentence: "\(place) demands \(key)=\(wanted.value): with this fix the host fails that audit.")
            }
            let exceptions = widened.filter { $0.after != wanted.value }.map(\.interface.display)
            guard wanted.interface == "all", wanted.key == "rp_filter", wanted.value == 1, !exceptions.isEmpty else {
                return nil
            }
            return Objection(
                from: demand.profile,
                sentence: "\(place) demands \(key)=1: \(listing(exceptions)) would be an exception to it that somebody"
                    + " has to allow.")
        }
    }
}

extension SysctlSetting {
    fileprivate var isReversePath: Bool { key == .rpFilter }
}
