// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets

/// What the kernel's record of a drop says by itself, and what was seen to happen meanwhile, without any snapshot.
struct DropFacts {
    let drop: DropEvent
    /// Where it happened; nil when not known.
    let namespace: NamespaceIdentity?
    /// Which sysctls of the namespace changed while it was watched.
    let settingChanges: [SettingChange]

    /// The value that decided is not the one that this host's configuration says.
    let isOverwritten: Bool

    init(
        _ drop: DropEvent, namespace: NamespaceIdentity?, isOverwritten: Bool = false,
        settingChanges: [SettingChange] = []
    ) {
        self.drop = drop
        self.namespace = namespace
        self.isOverwritten = isOverwritten
        self.settingChanges = settingChanges
    }

    /// A drop reason or a return value observes who dropped the packet.
    var basis: Basis {
        drop.hooks.contains(.verdict) || drop.reasonName != nil || drop.key.reason != 0 ? .observed : .inferred
    }

    /// The way the packet was going, when the kernel told.
    var path: PacketPath? {
        drop.path ?? drop.key.path ?? (drop.outputInterface.map { $0 != 0 } == true ? .forward : nil)
    }

    /// rp_filter at the drop: 1 strict, other non-zero values loose. Nil when it was not read, or reads 0 and so was
    /// changed between the check and the record.
    var mode: Int32? {
        guard let mode = drop.sysctls?.effective, mode != 0 else { return nil }
        return mode
    }

    /// Whether the interface had an IPv4 address at the drop; nil without an in_device to read it from.
    var hasAddress: Bool? { drop.sysctls == nil ? nil : drop.key.interfaceHasAddress }

    /// The causes that a refusal by rp_filter can have, given its mode and whether the interface has an address
    /// (`net/ipv4/fib_frontend.c`, __fib_validate_source): the lookup failed; or it led elsewhere, which strict refuses,
    /// and any mode on an interface without address.
    var possibleCauses: [Cause] {
        switch (hasAddress, mode) {
        case (true?, let mode?) where mode != 1: [.noRoute]
        case (true?, _): [.wrongInterface, .noRoute]
        case (false?, _): [.noAddress, .noRoute]
        case (nil, _): [.wrongInterface, .noRoute, .noAddress]
        }
    }
}
