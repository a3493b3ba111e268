// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Host
import Packets
import Routing
import Settings

/// What judging needs of one namespace that dropped something: a routing model, and what it says so far.
final class NamespaceContext {
    /// Nil when the namespace is gone or may not be entered.
    fileprivate(set) var model: RoutingModel?
    /// Who set its values, as the model has them; nil when it has none.
    fileprivate(set) var ownership: Ownership?
    /// When something was last announced to have changed, nanoseconds of CLOCK_MONOTONIC; nil when nothing was.
    fileprivate var lastChange: UInt64?
    /// Judgements that hold as long as the model does.
    fileprivate var judged = AttributionCache()
    /// Something changed since the model was made.
    fileprivate var isStale = false
    /// A sysctl did.
    fileprivate var hasOtherSettings = false
    fileprivate var loadedAt: UInt64 = 0
    /// The model's snapshot has not been compared with what was known before.
    fileprivate var isUncompared = false
    fileprivate var hasFilterRules = false

    /// Judges a drop of this namespace, or remembers how one was judged that looks the same to routing. `routes` is asked
    /// for the routes of an IPv6 packet.
    func attribution(
        of drop: DropEvent, in namespace: NamespaceIdentity, routes: () -> IPv6Routes?
    ) -> DropAttribution {
        if let known = judged.attribution(of: drop) { return known }
        let isAsked = drop.packet.isIPv6 && model?.facts.filterRules.isEmpty == false
        let attribution = attribute(
            drop, model: model, lastChange: lastChange, namespace: namespace, ownership: ownership,
            routes: isAsked ? routes() : nil)
        judged.remember(attribution, of: drop)
        return attribution
    }
}

/// The contexts of all namespaces that dropped something and are not known to be gone; read anew when they change.
struct NamespaceContexts {
    /// Inode numbers are given out again at once, cookies never.
    private struct Key: Hashable {
        var inode: UInt32
        var cookie: UInt64

        init(_ drop: DropKey) {
            inode = drop.namespaceInode
            cookie = drop.namespaceCookie
        }
    }

    /// A namespace that changes all the time is read anew no oftener than this.
    private static let reloadInterval: UInt64 = 50_000_000
    /// One that could not be read is tried again this often, as it may only have been too new to be found.
    private static let retryInterval: UInt64 = 1_000_000_000
    /// The kernel announces neither accept_local nor src_valid_mark, and no hook may tell of writes: what is older is not
    /// relied on.
    private static let trustedFor: UInt64 = 10_000_000_000

    private var contexts: [Key: NamespaceContext] = [:]
    private var journal = SettingJournal(ownProcess: RunningProcess.own)
    /// When a namespace whose sysctls changed should be read anew, nanoseconds of CLOCK_MONOTONIC; nil when none did.
    private(set) var refreshAt: UInt64?

    /// The context to judge this drop by, read from the namespace when there is none, or it is outdated.
    mutating func context(for drop: DropEvent, in watch: inout NamespaceWatch) -> NamespaceContext {
        let key = Key(drop.key)
        let context = contexts[key] ?? NamespaceContext()
        let wantsFilterRules = drop.key.outcome == .netfilter
        if contexts[key] == nil || isDue(context) || wantsFilterRules && !context.hasFilterRules {
            contexts[key] = context
            context.hasFilterRules = context.hasFilterRules || wantsFilterRules
            load(context, key, drop, from: &watch)
        }
        return context
    }

    subscript(drop: DropKey) -> NamespaceContext? { contexts[Key(drop)] }

    /// Takes a process' write to a sysctl; the change that it made, when nothing else will tell of it.
    mutating func note(_ write: SysctlWrite) -> FactsChange? { journal.note(write) }

    /// Takes what the kernel announced; nil when it is known already.
    mutating func note(_ announced: FactsChange) -> FactsChange? { journal.note(announced) }

    /// The sysctls that changed in a namespace while it was watched, oldest first.
    func settingChanges(in namespace: UInt32) -> [SettingChange] { journal.changes(in: namespace) }

    /// What the snapshots since the last call show to have changed without anybody having told. The writes and
    /// announcements that came until then have to be noted before.
    mutating func changesFromSnapshots() -> [FactsChange] {
        var result: [FactsChange] = []
        for context in contexts.values where context.isUncompared {
            context.isUncompared = false
            if let facts = context.model?.facts { result += journal.note(facts) }
        }
        return result
    }

    /// Marks the namespace as changed; true when it has dropped something, so that the change matters.
    mutating func outdate(by change: FactsChange) -> Bool {
        let changed = contexts.filter { $0.key.inode == change.namespace }.values
        for context in changed {
            context.lastChange = max(context.lastChange ?? 0, change.time)
            context.isStale = true
            // What was judged before is not known to hold for what drops from now on.
            context.judged = AttributionCache()
            guard change.setting != nil, let model = context.model else { continue }
            context.hasOtherSettings = true
            context.model = model.noting(journal.changes(in: change.namespace))
            refreshAt = min(refreshAt ?? .max, context.loadedAt + Self.reloadInterval)
        }
        return !changed.isEmpty
    }

    /// Reads those anew whose sysctls changed, however short a time ago: it is the last time.
    mutating func settle(from watch: inout NamespaceWatch) {
        for (key, context) in contexts where context.model != nil && context.hasOtherSettings {
            load(context, key, nil, from: &watch)
        }
    }

    /// Reads the changed namespaces anew, and forgets those that cannot be read: nobody tells when they go. Returns the
    /// inode numbers of the former.
    mutating func refresh(from watch: inout NamespaceWatch) -> Set<UInt32> {
        var refreshed: Set<UInt32> = []
        refreshAt = nil
        for (key, context) in contexts where context.model != nil && isDue(context) {
            load(context, key, nil, from: &watch)
            refreshed.insert(key.inode)
        }
        contexts = contexts.filter { $0.value.model != nil || !isDue($0.value) }
        return refreshed
    }

    /// Forgets a namespace that is gone.
    mutating func remove(_ namespace: NamespaceIdentity) {
        contexts = contexts.filter { entry in
            entry.key.inode != namespace.inode || namespace.cookie.map { $0 != entry.key.cookie } ?? false
        }
        journal.remove(namespace.inode)
    }

    private func isDue(_ context: NamespaceContext) -> Bool {
        let age = MonotonicClock.now - context.loadedAt
        return age >= Self.trustedFor || context.isStale && age >= Self.reloadInterval
            || context.model == nil && age >= Self.retryInterval
    }

    private func load(_ context: NamespaceContext, _ key: Key, _ drop: DropEvent?, from watch: inout NamespaceWatch) {
        do throws(HostError) {
            var facts = try watch.facts(
                of: key.inode, cookie: key.cookie, includingFilterRules: context.hasFilterRules)
            // The kernel's sticky flags are not in netlink; the record of the drop has them.
            facts.hasCustomRules = drop?.hasCustomRules ?? context.model?.facts.hasCustomRules
            facts.hasCustomLocalRoutes = drop?.hasCustomLocalRoutes ?? context.model?.facts.hasCustomLocalRoutes
            facts.settingChanges = journal.changes(in: key.inode)
            context.model = RoutingModel(facts, reusing: context.model)
            context.ownership = Ownership(facts)
            context.isUncompared = true
        } catch {
            // A model of a namespace that can no longer be read says nothing about what it is now.
            context.model = nil
            context.ownership = nil
        }
        context.isStale = false
        context.hasOtherSettings = false
        context.loadedAt = MonotonicClock.now
        context.judged = AttributionCache()
    }
}
