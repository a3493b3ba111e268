// SPDX-License-Identifier: Apache-2.0
package import Drops
package import Facts
import Packets

/// The sysctls that change while namespaces are watched, and who wrote them.
///
/// Three sources tell of a change, and none of them all: a hook says which process was about to write what, the kernel
/// announces a few of the values once they are in force, and a snapshot shows what is there by now. A change is told once:
/// of a value that is announced by the announcement, of another by the write, and by the snapshot whatever both missed.
/// Hand in the writes before the announcements that may follow from them.
package struct SettingJournal: Sendable {
    private struct Pending: Sendable {
        var write: SysctlWrite
        /// Its own announcement has come; those of the interfaces that follow may be on their way.
        var isAnnounced = false

        /// A value of `all` or `default` may become one of every interface.
        var hasFollowers: Bool { write.scope == "all" || write.scope == "default" }
    }

    /// What is kept of one namespace.
    private struct Pages: Sendable {
        /// Writes of values that are announced, whose announcement has not come, or that others follow.
        var pending: [Pending] = []
        /// The values that were told last, or stood in the first snapshot.
        var known: [InterfaceName: [InterfaceSysctl: Int32]] = [:]
        /// Values as they stood in the latest snapshot, of scopes of which nothing was told since.
        var seen: [InterfaceName: InterfaceConfiguration] = [:]
        /// Told because of a snapshot, so that an announcement or a write of the same is no news.
        var isAhead: Set<Setting> = []
        var changes: [SettingChange] = []

        /// An interface that comes back under the same name begins anew.
        mutating func forget(_ isGone: (InterfaceName) -> Bool) {
            guard known.keys.contains(where: isGone) else { return }
            known = known.filter { !isGone($0.key) }
            seen = seen.filter { !isGone($0.key) }
            isAhead = isAhead.filter { !isGone($0.scope) }
        }
    }

    /// Changes of one namespace that are kept: the latest.
    package static let changeLimit = 32
    private static let pendingLimit = 64
    private static let namespaceLimit = 1024
    /// A write takes effect at once; an announcement that comes later than this is not its.
    private static let joinedWithin: UInt64 = 5_000_000_000
    /// A snapshot takes a moment to read, and a write one to take effect: nanoseconds.
    private static let doubtfulFor: UInt64 = 100_000_000

    private let ownProcess: Int32
    private var pages: [UInt32: Pages] = [:]

    /// `ownProcess`: rpfwatch's own number, as process 1 sees it.
    package init(ownProcess: Int32) { self.ownProcess = ownProcess }

    /// What changed in a namespace, oldest first.
    package func changes(in namespace: UInt32) -> [SettingChange] { pages[namespace]?.changes ?? [] }

    /// Takes a process' write; what it changed, when nothing else will tell.
    package mutating func note(_ write: SysctlWrite) -> FactsChange? {
        guard let key = InterfaceSysctl(rawValue: write.key), let before = write.before, let after = write.after,
            key.normalized(before) != key.normalized(after)
        else { return nil }
        guard !key.isAnnounced else {
            update(write.namespaceInode) { pages in
                pages.pending.append(Pending(write: write))
                if pages.pending.count > Self.pendingLimit { pages.pending.removeFirst() }
            }
            return nil
        }
        let change = SettingChange(
            Setting(write.scope, key), before: before, after: after, time: write.time, writer: writer(of: write))
        return isTold(change, in: write.namespaceInode) ? nil : record(change, in: write.namespaceInode)
    }

    /// Takes what the kernel announced; the same with its writer, or nil when it was told before.
    package mutating func note(_ announced: FactsChange) -> FactsChange? {
        if announced.kind == .link && announced.after == nil {
            update(announced.namespace) { $0.forget { $0.text == announced.object } }
        }
        guard var change = announced.setting else { return announced }
        if let write = takeWrite(change.setting, change.after, at: announced.time, in: announced.namespace) {
            change.time = write.time
            change.writer = writer(of: write)
        } else {
            change.time = announced.time
        }
        return isTold(change, in: announced.namespace) ? nil : record(change, in: announced.namespace)
    }

    /// Takes a snapshot; what differs from what was told and from the snapshot before.
    package mutating func note(_ facts: NetworkFacts) -> [FactsChange] {
        let namespace = facts.namespace.inode
        let scopes = facts.settingScopes
        var result: [FactsChange] = []
        for (scope, values) in scopes where pages[namespace]?.seen[scope] != values {
            var isWhole = true
            for key in InterfaceSysctl.allCases {
                let setting = Setting(scope, key)
                let value = values[key]
                guard let known = pages[namespace]?.known[scope]?[key], known != value else {
                    update(namespace) { $0.known[scope, default: [:]][key] = value }
                    continue
                }
                // The snapshot may be of before a change that is known of by now.
                let latest = changes(in: namespace).last { $0.setting == setting }?.time ?? 0
                guard latest + Self.doubtfulFor <= facts.time else {
                    isWhole = false
                    continue
                }
                let write = takeWrite(setting, value, at: facts.time, in: namespace)
                let change = SettingChange(
                    setting, before: known, after: value, time: write?.time ?? facts.time, writer: write.map(writer))
                result.append(record(change, in: namespace))
                update(namespace) { _ = $0.isAhead.insert(setting) }
            }
            if isWhole { update(namespace) { $0.seen[scope] = values } }
        }
        let names = Set(scopes.map(\.scope))
        update(namespace) { $0.forget { !names.contains($0) } }
        return result
    }

    /// Forgets a namespace that is gone.
    package mutating func remove(_ namespace: UInt32) { pages[namespace] = nil }

    // MARK: Books

    /// Whether a snapshot told of it already.
    private mutating func isTold(_ change: SettingChange, in namespace: UInt32) -> Bool {
        guard pages[namespace]?.isAhead.contains(change.setting) == true else { return false }
        update(namespace) { _ = $0.isAhead.remove(change.setting) }
        return pages[namespace]?.known[change.setting.scope]?[change.setting.key]
            == change.setting.key.normalized(change.after)
    }

    private mutating func record(_ change: SettingChange, in namespace: UInt32) -> FactsChange {
        update(namespace) { pages in
            pages.seen[change.setting.scope] = nil
            pages.known[change.setting.scope, default: [:]][change.setting.key] =
                change.setting.key.normalized(change.after)
            pages.changes.append(change)
            if pages.changes.count > Self.changeLimit { pages.changes.removeFirst() }
        }
        return FactsChange(namespace: namespace, change)
    }

    /// The write that made a setting what it is; forgotten, with all that were before it. A value of an interface may
    /// come from a write to `all` (forwarding) or to `default`, which other interfaces follow too: that one stays.
    private mutating func takeWrite(
        _ setting: Setting, _ after: Int32, at time: UInt64, in namespace: UInt32
    ) -> SysctlWrite? {
        guard let pending = pages[namespace]?.pending, !pending.isEmpty else { return nil }
        let kept = setting.key.normalized(after)
        func fits(_ write: SysctlWrite, _ scope: InterfaceName) -> Bool {
            write.key == setting.key.rawValue && write.scope == scope
                && write.after.map { setting.key.normalized($0) == kept } == true
                && time &- min(time, write.time) < Self.joinedWithin
        }
        if let index = pending.firstIndex(where: { !$0.isAnnounced && fits($0.write, setting.scope) }) {
            let found = pending[index]
            update(namespace) { pages in
                pages.pending[index].isAnnounced = true
                let keeps = pages.pending.enumerated().filter { position, other in
                    let isOther = other.write.key != found.write.key || other.write.scope != found.write.scope
                    return isOther || position > index || position == index && found.hasFollowers
                }
                pages.pending = keeps.map(\.element)
            }
            return found.write
        }
        guard setting.scope != "all" else { return nil }
        let origins: [InterfaceName] = setting.key == .forwarding ? ["all", "default"] : ["default"]
        func isOrigin(_ pending: Pending) -> Bool { origins.contains { fits(pending.write, $0) } }
        return (pending.last { $0.isAnnounced && isOrigin($0) } ?? pending.last(where: isOrigin))?.write
    }

    private func writer(of write: SysctlWrite) -> SettingWriter {
        func process(_ process: SysctlWrite.Process) -> SettingWriter.Process {
            SettingWriter.Process(id: process.id, command: process.command)
        }
        return SettingWriter(
            process: process(write.process), parent: write.parent.id == 0 ? nil : process(write.parent),
            executable: write.executable, isOwn: write.process.id == ownProcess || write.parent.id == ownProcess)
    }

    private mutating func update(_ namespace: UInt32, _ change: (inout Pages) -> Void) {
        if pages[namespace] == nil && pages.count >= Self.namespaceLimit { pages.removeAll() }
        change(&pages[namespace, default: Pages()])
    }
}

extension NetworkFacts {
    /// `all`, `default` and every interface, each with its values.
    fileprivate var settingScopes: [(scope: InterfaceName, values: InterfaceConfiguration)] {
        [("all", configuration.all), ("default", configuration.default)]
            + links.compactMap { link in configuration.interfaces[link.index].map { (link.name, $0) } }
    }
}
