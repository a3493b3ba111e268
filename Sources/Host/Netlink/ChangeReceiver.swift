// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// Receives the announcements of one namespace and tells what changed by what was known before.
struct ChangeReceiver: ~Copyable {
    private let socket: NetlinkSocket
    private var state: KnownState
    private var follower: RouteFollower?

    private static let groups = [
        RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_NEXTHOP,
    ]
    /// In the namespace that the calling thread is in.
    init() throws(HostError) {
        // What changes while the state is read is announced again.
        socket = try NetlinkSocket(groups: Self.groups)
        state = (try? KnownState.read()) ?? KnownState()
    }

    /// To wait on.
    var descriptor: CInt { socket.descriptor.number }
    var namespaceCookie: UInt64? { socket.namespaceCookie }

    /// What was announced since the last call, from at most `limit` datagrams. An overflow is a change of kind
    /// `unknown`, the last one; nothing is known then until `replaceState`.
    mutating func changes(
        in namespace: UInt32, limit: inout Int, using buffer: inout [UInt8]
    ) -> [FactsChange] {
        let time = MonotonicClock.now
        var result: [FactsChange] = []
        // Taken out rather than copied: it holds every route.
        var state = KnownState()
        swap(&state, &self.state)
        var follower: RouteFollower?
        swap(&follower, &self.follower)
        let isComplete = socket.drainNotifications(limit: &limit, using: &buffer) { header, payload in
            follower?.note(header, payload, at: time)
            if var change = state.change(header, payload) {
                change.namespace = namespace
                change.time = time
                result.append(change)
            }
        }
        if !isComplete {
            state = KnownState()
            follower = nil
            result.append(FactsChange(namespace: namespace, kind: .unknown, object: "announcements lost", time: time))
        }
        self.state = state
        self.follower = follower
        return result
    }

    /// Hands out what follows the routes, until it is given back.
    mutating func takeFollower() -> RouteFollower? { follower.take() }

    mutating func follow(_ follower: RouteFollower?) { self.follower = follower }

    mutating func replaceState(_ state: KnownState) {
        self.state = state
    }
}
