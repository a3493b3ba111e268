// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets
import SystemPackage

/// A namespace that is held open: the watch has to let go of it when nothing else is in it.
final class WatchedNamespace {
    let namespace: NetworkNamespace
    private let counterFile: CounterFile
    private var receiver: ChangeReceiver?
    /// What to wait on for announcements; nil while none are received.
    private(set) var subscription: CInt?
    var identity: NamespaceIdentity
    /// How often the routes were read as a whole.
    private(set) var tableReadings = 0
    /// Announcements that came before facts were read, and are still to be handed on.
    private var early: [FactsChange] = []
    private let age: Age
    /// Made for the first IPv6 packet.
    private var oracle: IPv6Oracle?
    /// What the counter stood at when growth began to count; nil while it could not be read.
    private var base: UInt64?
    /// The latest value read: what counts on when the file cannot be read any more.
    private(set) var latest: UInt64?

    /// How the counter's value at the first reading is judged.
    enum Age {
        /// The namespace was there when the watch began: what it had counted is not ours.
        case old
        /// Made while watching: all of it is growth.
        case new
        /// Found later, but something in it is older than the watch.
        case doubtful
    }

    /// On a thread of `onNewThread`, which is inside the namespace afterwards where that is allowed. `buffer` is
    /// scratch space.
    init(
        _ namespace: consuming NetworkNamespace, _ identity: NamespaceIdentity, age: Age, isSubscribed: Bool,
        buffer: inout [UInt8]
    ) throws(HostError) {
        let refusal = enter(namespace)
        let path: FilePath
        switch (refusal, identity.processID) {
        case (nil, _): path = "/proc/thread-self/net/netstat"
        // The counters of a process may be read without entering its namespace.
        case (let refusal?, let processID?) where refusal.kind == .notPermitted:
            path = FilePath("/proc/\(processID)/net/netstat")
        case (let refusal?, _): throw refusal
        }
        let file = try CounterFile(path)
        if let refusal, let processID = identity.processID {
            // The process may have moved on before its file was opened.
            guard try NetworkNamespace(processID: processID).inode == namespace.inode else { throw refusal }
        }
        counterFile = file
        self.namespace = namespace
        self.identity = identity
        self.age = age
        if refusal == nil {
            if isSubscribed { try receive() }
            if self.identity.cookie == nil { self.identity.cookie = try NetlinkSocket().namespaceCookie }
        }
        _ = readCounter(using: &buffer)
    }

    /// Reads the counter anew; false when it cannot be read.
    func readCounter(using buffer: inout [UInt8]) -> Bool {
        guard let value = counterFile.reversePathFilter(using: &buffer) else { return false }
        latest = value
        if base == nil { base = age == .new ? 0 : value }
        return true
    }

    /// What the counter grew by since it is watched.
    var growth: UInt64 {
        guard let latest, let base, latest > base else { return 0 }
        return latest - base
    }

    /// See `CounterReading.doubtful`.
    var doubtful: UInt64 { age == .doubtful ? base ?? 0 : 0 }

    /// Begins to receive announcements, if it does not yet.
    func subscribe() throws(HostError) {
        if receiver == nil { try namespace.run { () throws(HostError) in try receive() } }
    }

    private func receive() throws(HostError) {
        let receiver = try ChangeReceiver()
        subscription = receiver.descriptor
        identity.cookie = receiver.namespaceCookie
        self.receiver = consume receiver
    }

    /// A snapshot of the namespace, read inside of it; the routes only where they are not known from announcements.
    func facts(includingFilterRules: Bool, using buffer: inout [UInt8]) throws(HostError) -> NetworkFacts {
        var limit = Self.announcementLimit
        early += announcements(limit: &limit, using: &buffer)
        // Where reading fails the routes are read anew.
        var follower = receiver?.takeFollower()
        let identity = identity
        var isTableRead = false
        let facts = try namespace.run { () throws(HostError) -> NetworkFacts in
            var reader = try FactsReader()
            var facts = try reader.read(identity, following: &follower, isTableRead: &isTableRead)
            if includingFilterRules { facts.filterRules = FilterRules.read().rules }
            return facts
        }
        receiver?.follow(follower)
        if isTableRead { tableReadings += 1 }
        return facts
    }

    /// The routes that a packet filter's check of an IPv6 packet looks at.
    func ipv6Routes(of packet: Packet, ingress: UInt32) throws(HostError) -> IPv6Routes? {
        if oracle == nil { oracle = try IPv6Oracle(in: namespace) }
        return try oracle?.routes(of: packet, ingress: ingress) ?? nil
    }

    /// Of these addresses those that the namespace has a TCP connection with.
    func connected(among addresses: Set<IPv4Address>) throws(HostError) -> Set<IPv4Address> {
        try namespace.run { () throws(HostError) in try ConnectionReader.connected(among: addresses) }
    }

    private static let announcementLimit = 16_384

    /// Announcements since the last call, from at most `limit` datagrams, which is lowered by those read.
    func changes(limit: inout Int, using buffer: inout [UInt8]) -> [FactsChange] {
        // A flood in one namespace must not hold up the others.
        var own = min(limit, 512)
        limit -= own
        let changes = early + announcements(limit: &own, using: &buffer)
        early = []
        limit += own
        return changes
    }

    private func announcements(limit: inout Int, using buffer: inout [UInt8]) -> [FactsChange] {
        let changes = receiver?.changes(in: namespace.inode, limit: &limit, using: &buffer) ?? []
        if changes.last?.kind == .unknown,
            let state = try? namespace.run({ () throws(HostError) in try KnownState.read() })
        {
            receiver?.replaceState(state)
        }
        return changes
    }
}

private func enter(_ namespace: borrowing NetworkNamespace) -> HostError? {
    do throws(HostError) {
        try namespace.enterOnThisThread()
        return nil
    } catch {
        return error
    }
}
