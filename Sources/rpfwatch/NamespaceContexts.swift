// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Host
import Routing

/// What judging needs of each namespace that dropped something: a routing model, refreshed when the namespace changes.
struct NamespaceContexts {
    struct Context {
        /// Nil when the namespace is gone or may not be entered.
        var model: RoutingModel?
        /// Why there is no model.
        var failure: String?
        /// Nanoseconds of CLOCK_MONOTONIC; nil when nothing was announced since the watch began.
        var lastChange: UInt64?
        /// Something changed since the model was made.
        var isStale = false
        var loadedAt: UInt64 = 0
        var hasFilterRules = false
        /// Judgements that hold as long as the model does.
        var judged = AttributionCache()
    }

    /// A namespace that changes all the time is read anew no oftener than this.
    private static let reloadInterval: UInt64 = 50_000_000

    private var contexts: [UInt32: Context] = [:]

    /// The context to judge this drop by, read from the namespace when there is none, or it is outdated.
    mutating func context(for drop: DropEvent, in watch: inout NamespaceWatch) -> Context {
        let inode = drop.key.namespaceInode
        let wantsFilterRules = drop.key.outcome == .netfilter
        if let known = contexts[inode], !needsReload(known, wantsFilterRules) { return known }
        return load(inode, cookie: drop.key.namespaceCookie, drop, wantsFilterRules, from: &watch)
    }

    subscript(inode: UInt32) -> Context? { contexts[inode] }

    mutating func remember(_ attribution: DropAttribution, of drop: DropEvent) {
        contexts[drop.key.namespaceInode]?.judged.remember(attribution, of: drop)
    }

    /// Marks the namespace as changed; true when somebody has drops in it, so that the change matters.
    mutating func note(_ change: FactsChange) -> Bool {
        guard contexts[change.namespace] != nil else { return false }
        contexts[change.namespace]?.lastChange = change.time
        contexts[change.namespace]?.isStale = true
        return true
    }

    /// Reads the changed namespaces anew; returns their inode numbers.
    mutating func refreshStale(in watch: inout NamespaceWatch) -> Set<UInt32> {
        var refreshed: Set<UInt32> = []
        for (inode, context) in contexts where context.isStale && isDue(context) {
            load(inode, cookie: nil, nil, context.hasFilterRules, from: &watch)
            refreshed.insert(inode)
        }
        return refreshed
    }

    /// The namespace is gone; what it was when it was last read is still true of its drops.
    mutating func retire(_ inode: UInt32) {
        contexts[inode]?.isStale = false
    }

    private func isDue(_ context: Context) -> Bool { MonotonicClock.now - context.loadedAt >= Self.reloadInterval }

    private func needsReload(_ context: Context, _ wantsFilterRules: Bool) -> Bool {
        if wantsFilterRules && !context.hasFilterRules && context.model != nil { return true }
        return context.isStale && isDue(context)
    }

    @discardableResult
    private mutating func load(
        _ inode: UInt32, cookie: UInt64?, _ drop: DropEvent?, _ withFilterRules: Bool, from watch: inout NamespaceWatch
    ) -> Context {
        var context = contexts[inode] ?? Context()
        do throws(HostError) {
            var facts = try watch.facts(of: inode, cookie: cookie, includingFilterRules: withFilterRules)
            facts.hasCustomRules = drop?.hasCustomRules ?? context.model?.facts.hasCustomRules
            facts.hasCustomLocalRoutes = drop?.hasCustomLocalRoutes ?? context.model?.facts.hasCustomLocalRoutes
            context.model = RoutingModel(facts, reusing: context.model)
            context.failure = nil
            context.hasFilterRules = withFilterRules
        } catch {
            // A model of a namespace that can no longer be read says nothing about what it is now.
            context.model = nil
            context.failure = error.description
        }
        context.isStale = false
        context.loadedAt = MonotonicClock.now
        context.judged = AttributionCache()
        contexts[inode] = context
        return context
    }
}
