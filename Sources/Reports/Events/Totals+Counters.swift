// SPDX-License-Identifier: Apache-2.0
package import Drops

extension Totals {
    /// Adds up the kernel's counts.
    ///
    /// - `isReconciled`: whether the kernel's own counter of the key's namespace is part of the reconciliation.
    /// - `hasReasons`: whether this kernel has drop reasons; without them `otherDrops` is nil.
    package init(
        _ counters: [DropKey: DropCounters], isReconciled: (DropKey) -> Bool, hasReasons: Bool,
        reasonName: (UInt32) -> String?
    ) {
        var attributed = DropCounters()
        var counted: UInt64 = 0
        var other: UInt64 = 0
        var reasons: [UInt32: UInt64] = [:]
        for (key, counts) in counters {
            guard key.outcome == .reversePathFilter else {
                other += counts.drops
                reasons[key.reason, default: 0] += counts.drops
                continue
            }
            attributed += counts
            // The kernel does not count what it refuses while processing ARP (`net/ipv4/arp.c`, arp_process), or on a
            // bridge after destination NAT (`net/bridge/br_netfilter_hooks.c`, br_nf_pre_routing_finish).
            if key.path != .arp && !key.isInBridge && isReconciled(key) { counted += counts.drops }
        }
        self.init(attributed: attributed)
        kernel.counted = counted
        guard hasReasons else { return }
        otherDrops = other
        otherReasons = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { ReasonCount(reason: reasonName($0.key) ?? "reason \($0.key)", drops: $0.value) }
    }
}
