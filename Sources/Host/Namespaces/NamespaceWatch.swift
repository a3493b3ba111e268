// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets
import SystemPackage

/// Owns what is held open to watch network namespaces over time: each one's file, its counters and a socket for the
/// kernel's announcements.
///
/// All three keep a namespace alive. `sweep()` has to be called about once a second, so that one that everybody else
/// has left is let go of, and one that is new is found.
package struct NamespaceWatch: ~Copyable {
    /// Sockets for announcements are opened up to this number; beyond it only for namespaces that facts are asked of.
    package static let subscriptionLimit = 1024
    /// An unknown namespace is looked for at once, and again after this time: nanoseconds.
    private static let rescanInterval: UInt64 = 100_000_000
    /// Searches for unknown namespaces between two sweeps: what drops packets may be many namespaces that are gone.
    private static let searchLimit = 64
    /// Announcements read by one call of `pendingChanges`.
    private static let announcementLimit = 4096

    private var directory = NamespaceDirectory()
    private var watched: [UInt32: WatchedNamespace] = [:]
    /// Inode number of the only namespace to watch; nil for all.
    package let only: UInt32?
    /// Watched although nothing that can be seen is in it, because it was asked for.
    private var isOnlyKept = false
    private var retiredGrowth: UInt64 = 0
    private var retiredDoubt: UInt64 = 0
    /// Namespaces that were found and could not be opened or entered.
    private var refused: Set<UInt32> = []
    private var subscriptions = 0
    /// Announcements of these may have been read along with their facts.
    private var announced: Set<UInt32> = []
    private let events: EventQueue
    private var buffer = [UInt8](repeating: 0, count: NetlinkSocket.bufferSize)
    private let startTicks = ProcessScan.ticksSinceBoot
    private var lastScan: UInt64 = 0
    /// Looked for since the last sweep, and not found.
    private var missing: Set<NamespaceIdentity> = []
    private var searches = 0
    /// Found by looking for them, to be told by the next sweep.
    private var found: [NamespaceIdentity] = []
    private var isStarted = false
    private var hostServices = HostServicesCache()
    /// Nil when the host's files cannot be reached.
    private var sysctlFiles = SysctlSourceReader.ofHost()

    /// What a sweep found.
    package struct Sweep: Sendable {
        package var appeared: [NamespaceIdentity] = []
        package var vanished: [NamespaceIdentity] = []
        /// Inode numbers of those that vanished whose counter was read.
        package var read: Set<UInt32> = []
    }

    /// Starts to watch every namespace there is.
    package init() throws(HostError) {
        try self.init(restrictedTo: nil)
        _ = adopt()
        isStarted = true
    }

    /// Starts to watch one namespace.
    package init(only namespace: consuming NetworkNamespace) throws(HostError) {
        let inode = namespace.inode
        let entry = NamespaceDirectory.discover().entries[inode]
        let identity = entry?.identity ?? NamespaceIdentity(inode: inode)
        var buffer = [UInt8](repeating: 0, count: NetlinkSocket.bufferSize)
        var handedOver: NetworkNamespace? = consume namespace
        let watched = try onNewThread { () throws(HostError) -> WatchedNamespace? in
            guard let namespace = handedOver.take() else { return nil }
            return try WatchedNamespace(namespace, identity, age: .old, isSubscribed: true, buffer: &buffer)
        }
        try self.init(restrictedTo: inode)
        isOnlyKept = entry == nil
        if let watched { add(watched) }
        isStarted = true
    }

    private init(restrictedTo inode: UInt32?) throws(HostError) {
        raiseDescriptorLimit()
        let queue = try EventQueue()
        events = queue
        only = inode
        directory.scan()
        lastScan = MonotonicClock.now
    }

    /// To wait on: readable when announcements have come.
    package var descriptor: CInt { events.descriptor }
    package var watchedCount: Int { watched.count }

    /// The watched namespaces: rpfwatch's own first, then by name and number.
    package var identities: [NamespaceIdentity] {
        watched.values.map(\.identity).sorted {
            ($0.isOwn ? 0 : 1, $0.name ?? "~", $0.inode) < ($1.isOwn ? 0 : 1, $1.name ?? "~", $1.inode)
        }
    }

    /// The names of the interfaces in the watched namespaces, as far as they may be entered.
    package func interfaceNames() -> Set<InterfaceName> {
        var names: Set<InterfaceName> = []
        for watched in watched.values {
            let links = try? watched.namespace.run { () throws(HostError) in
                var reader = try FactsReader()
                return try reader.links()
            }
            names.formUnion((links ?? []).map(\.link.name))
        }
        return names
    }

    /// Looks for namespaces that came and went; reads the counter of one that went a last time and lets go of it.
    @discardableResult
    package mutating func sweep() -> Sweep {
        directory.scan()
        lastScan = MonotonicClock.now
        missing = []
        searches = 0
        var result = Sweep()
        for (inode, namespace) in watched {
            if let entry = directory.entries[inode] {
                var identity = entry.identity
                identity.cookie = namespace.identity.cookie
                namespace.identity = identity
                isOnlyKept = false
            } else if !isOnlyKept {
                _ = namespace.readCounter(using: &buffer)
                retiredGrowth += namespace.growth
                retiredDoubt += namespace.doubtful
                if namespace.subscription != nil { subscriptions -= 1 }
                watched[inode] = nil
                result.vanished.append(namespace.identity)
                if namespace.latest != nil { result.read.insert(inode) }
            }
        }
        result.appeared = found + adopt()
        found = []
        return result
    }

    /// The kernel's counts of rp_filter drops now. Enters no namespace and starts no thread: this is to be as close as
    /// can be to what it brackets.
    package mutating func readCounters() -> CounterReading {
        var result = CounterReading(
            time: 0, growth: retiredGrowth, doubtful: retiredDoubt, watched: watched.count,
            unreadable: refused.count + (only == nil ? directory.hiddenNamespaces : 0))
        for (inode, namespace) in watched {
            if !namespace.readCounter(using: &buffer) { result.unreadable += 1 }
            result.reversePathFilter[inode] = namespace.latest
            result.growth += namespace.growth
            result.doubtful += namespace.doubtful
        }
        result.time = MonotonicClock.now
        return result
    }

    /// What is known of the namespace that a drop record names. One that is not known is looked for; one that cannot be
    /// found has only its numbers.
    package mutating func identity(inode: UInt32, cookie: UInt64? = nil) -> NamespaceIdentity {
        if let namespace = find(inode, cookie: cookie) { return namespace.identity }
        // One that may not be entered can still have a name. Of any other the cookie would have told: the inode number
        // is another namespace's by now.
        if refused.contains(inode), var identity = directory.entries[inode]?.identity {
            identity.cookie = cookie
            return identity
        }
        return NamespaceIdentity(inode: inode, cookie: cookie)
    }

    /// A snapshot of the namespace's routing, addresses and settings, read inside of it.
    package mutating func facts(
        of inode: UInt32, cookie: UInt64? = nil, includingFilterRules: Bool = false
    ) throws(HostError) -> NetworkFacts {
        guard let namespace = find(inode, cookie: cookie) else {
            let isRefused = refused.contains(inode)
            throw HostError(
                isRefused ? .notPermitted : .gone, cannot: "read the network namespace", "inode:\(inode)",
                reason: isRefused ? "it may not be entered" : "it is gone, or nothing that can be seen is in it",
                remedy: isRefused ? "run it as root, or with CAP_SYS_ADMIN and CAP_SYS_PTRACE" : nil)
        }
        if namespace.subscription == nil {
            // Without announcements a snapshot is as good, only not known to be outdated later.
            try? namespace.subscribe()
            count(subscriptionOf: namespace)
        }
        var facts = try namespace.facts(includingFilterRules: includingFilterRules, using: &buffer)
        if namespace.identity.isInitial {
            facts.services = hostServices.services(for: facts.links)
            facts.sysctlSources = sysctlFiles?.read()
        }
        announced.insert(inode)
        return facts
    }

    /// What the kernel answers about the routes of an IPv6 packet there; nil when it cannot be asked.
    package mutating func ipv6Routes(
        of packet: Packet, ingress: UInt32, in inode: UInt32, cookie: UInt64? = nil
    ) -> IPv6Routes? {
        guard let namespace = find(inode, cookie: cookie) else { return nil }
        return (try? namespace.ipv6Routes(of: packet, ingress: ingress)) ?? nil
    }

    /// Of some addresses those that the namespace has a TCP connection with; nil when it cannot be asked.
    package mutating func connected(
        among addresses: Set<IPv4Address>, in inode: UInt32, cookie: UInt64? = nil
    ) -> Set<IPv4Address>? {
        guard let namespace = find(inode, cookie: cookie) else { return nil }
        return try? namespace.connected(among: addresses)
    }

    /// How often all routes of the namespace were read, rather than kept up by announcements.
    func tableReadings(of inode: UInt32) -> Int { watched[inode]?.tableReadings ?? 0 }

    /// Announcements that came since the last call, without waiting.
    package mutating func pendingChanges() -> [FactsChange] {
        var result: [FactsChange] = []
        var limit = Self.announcementLimit
        let ready = announced.union(events.ready())
        announced = []
        for inode in ready where limit > 0 {
            if let namespace = watched[inode] { result += namespace.changes(limit: &limit, using: &buffer) }
        }
        return result
    }

    /// The watched namespace with this inode, if its cookie does not say that it is another one by now.
    private mutating func find(_ inode: UInt32, cookie: UInt64?) -> WatchedNamespace? {
        func known() -> WatchedNamespace? {
            guard let namespace = watched[inode] else { return nil }
            if let cookie, let own = namespace.identity.cookie, own != cookie { return nil }
            return namespace
        }
        if let namespace = known() { return namespace }
        let wanted = NamespaceIdentity(inode: inode, cookie: cookie)
        let isNews = missing.insert(wanted).inserted && searches < Self.searchLimit
        guard isNews || MonotonicClock.now - lastScan >= Self.rescanInterval else { return nil }
        searches += 1
        directory.scan()
        lastScan = MonotonicClock.now
        found += adopt()
        return known()
    }

    /// Starts to watch what the directory has and is not watched yet.
    private mutating func adopt() -> [NamespaceIdentity] {
        let entries = directory.entries.values.filter {
            watched[$0.identity.inode] == nil && (only == nil || only == $0.identity.inode)
        }
        refused.formIntersection(directory.entries.keys)
        guard !entries.isEmpty else { return [] }
        let isStarted = isStarted
        let startTicks = startTicks
        var room = Self.subscriptionLimit - subscriptions
        var adopted: [WatchedNamespace] = []
        var refused: [UInt32] = []
        var buffer = buffer
        // One thread visits them all: it is thrown away, so it does not matter where it ends.
        try? onNewThread { () throws(HostError) in
            for entry in entries {
                do throws(HostError) {
                    let namespace = try NetworkNamespace(path: entry.path)
                    // It may have gone, and its process into another one, since it was found.
                    guard namespace.inode == entry.identity.inode else { continue }
                    let isOlder = entry.startTime.map { $0 <= startTicks } ?? false
                    let watched = try WatchedNamespace(
                        namespace, entry.identity, age: !isStarted ? .old : isOlder ? .doubtful : .new,
                        isSubscribed: room > 0, buffer: &buffer)
                    if watched.subscription != nil { room -= 1 }
                    adopted.append(watched)
                } catch  where error.kind != .notFound {
                    refused.append(entry.identity.inode)
                } catch {
                    continue
                }
            }
        }
        self.refused.formUnion(refused)
        for namespace in adopted { add(namespace) }
        return adopted.map(\.identity)
    }

    private mutating func add(_ namespace: WatchedNamespace) {
        let inode = namespace.identity.inode
        watched[inode] = namespace
        refused.remove(inode)
        count(subscriptionOf: namespace)
    }

    private mutating func count(subscriptionOf namespace: WatchedNamespace) {
        guard let descriptor = namespace.subscription else { return }
        subscriptions += 1
        events.add(descriptor, key: namespace.identity.inode)
    }
}
