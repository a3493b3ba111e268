// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets
import Routing
import Settings

extension Situation {
    /// The packets pass now because a value was changed since they were dropped, and the files of this host bring back
    /// the one that dropped them: keep the value of now. Nil when that is not so.
    var persistValue: Fix? {
        guard isAcceptedAlready, finding.namespace.isInitial,
            let tree = facts.sysctlSources.flatMap({ SysctlTree($0) }),
            let change = changedSinceDrop, !accepts(by: tree),
            // It would write its own value, whatever files say.
            !daemonClaims(on: change.key, of: .interface(ingress.index), in: facts).contains(where: {
                $0.service == .networkd
            })
        else { return nil }
        let own = SysctlSetting(.interface(ingress.index), change.key, self.own[change.key])
        let floor = SysctlSetting(.all, change.key, all[change.key])
        for settings in [[own], [floor, own]] {
            let persistent = PersistentFile(for: settings, in: self)
            guard let file = persistent.file, file.reader != nil, accepts(by: tree, keeping: settings) else { continue }
            return Fix(
                id: .persistValue,
                summary:
                    "Keep \(change.key.rawValue) on \(interface) as it is now (\(change.now)): it was \(change.before)"
                    + " when the packets were dropped, and the files that are applied at boot set it back.",
                commands: [Self.writing(file)], revert: ["rm \(ShellWord(quoting: file.path).text)"], persist: file,
                predicted: .accept,
                admits: Fix.Admission(packets: finding.detailed, of: finding.detailed),
                sideEffects: ["Nothing changes now: the kernel accepts these packets already."] + persistent.notes)
        }
        return nil
    }

    /// The first of the values that decide which is in force another than at the drop.
    private var changedSinceDrop: (key: InterfaceSysctl, before: Int32, now: Int32)? {
        guard let dropped = finding.sysctls else { return nil }
        let values: [(key: InterfaceSysctl, before: Int32, now: Int32)] = [
            (.rpFilter, dropped.effective, effective.rpFilter),
            (.srcValidMark, dropped.srcValidMark ? 1 : 0, effective.srcValidMark ? 1 : 0),
            (.acceptLocal, dropped.acceptLocal ? 1 : 0, effective.acceptLocal ? 1 : 0),
        ]
        return values.first { $0.before != $0.now }
    }

    /// Whether all packets pass with the values that the files bring, however the order at boot turns out.
    private func accepts(by tree: SysctlTree, keeping kept: [SysctlSetting] = []) -> Bool {
        let outcomes: [KeyPath<SysctlForecast, SysctlValue>] = [\.atBoot, \.atBootLater, \.whenCreatedAgain]
        return outcomes.allSatisfy { outcome in
            var facts = facts
            var own = self.own
            for key in [InterfaceSysctl.rpFilter, .srcValidMark, .acceptLocal] {
                facts.configuration.all[key] = tree.forecast(of: key, in: "all").atBoot.value
                own[key] = tree.forecast(of: key, in: ingress.name)[keyPath: outcome].value
            }
            for setting in kept {
                switch setting.scope {
                case .all: facts.configuration.all[setting.key] = setting.value
                case .default: break
                case .interface: own[setting.key] = setting.value
                }
            }
            facts.configuration.interfaces[ingress.index] = own
            let model = RoutingModel(facts, reusing: baseline)
            return trials.allSatisfy {
                model.validateSource($0.packet, ingress: ingress.index, path: $0.path).isAccepted
            }
        }
    }

    private static func writing(_ file: Fix.Persistence) -> String {
        let lines = file.content.split(separator: "\n").map { ShellWord(quoting: String($0)).text }
        let directory = file.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        return "mkdir -p \(directory) && printf '%s\\n' \(lines.joined(separator: " "))"
            + " > \(ShellWord(quoting: file.path).text)"
    }
}
