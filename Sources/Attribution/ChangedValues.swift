// SPDX-License-Identifier: Apache-2.0
import Drops
package import Facts
import Packets

extension DropFacts {
    /// The changes of values that had a part in this drop.
    var changedValues: [SettingChange] {
        guard !settingChanges.isEmpty else { return [] }
        let cause: Cause? =
            switch drop.key.outcome {
            case .localSource, .martian: .localSource
            case .localnet: .localnet
            case .invalidSource: .invalidSource
            case .netfilter: .netfilter
            case .other: .other
            case .reversePathFilter: nil
            }
        return settingChanges.concerning(cause, isMarked: drop.packet.mark != 0, on: drop.interfaceName)
    }
}

extension Finding {
    /// The changes of values that had a part in its drops, oldest first.
    package func changedValues(among changes: [SettingChange]) -> [SettingChange] {
        guard !changes.isEmpty else { return [] }
        return changes.concerning(
            attribution.cause, isMarked: samples.contains { $0.drop.packet.mark != 0 }, on: interface)
    }

    /// The finding with the factor that a value was overwritten, when one was: that may be known only after the last of
    /// its drops was judged.
    package func noting(_ changes: [SettingChange]) -> Finding {
        guard !attribution.factors.contains(.valueOverwritten), !changedValues(among: changes).isEmpty else {
            return self
        }
        var copy = self
        copy.attribution.factors = (attribution.factors + [.valueOverwritten]).sorted()
        return copy
    }
}

extension [SettingChange] {
    /// Those of the sysctls that decide about packets of a cause (nil: one of rp_filter's) on an interface.
    fileprivate func concerning(_ cause: Cause?, isMarked: Bool, on interface: InterfaceName) -> [SettingChange] {
        var keys: Set<InterfaceSysctl>
        switch cause {
        case .wrongInterface, .noRoute, .noAddress, nil: keys = [.rpFilter]
        case .localSource: keys = [.acceptLocal]
        case .localnet: keys = [.routeLocalnet]
        case .invalidSource, .netfilter, .other: return []
        }
        if isMarked && cause != .localnet { keys.insert(.srcValidMark) }
        return foreign(keys, on: interface)
    }
}
