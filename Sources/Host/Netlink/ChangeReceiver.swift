// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// Receives the announcements of one namespace and tells what changed by what was known before.
struct ChangeReceiver: ~Copyable {
    private let socket: NetlinkSocket
    private var state: KnownState

    private static let groups = [
        RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_NEXTHOP,
    ]
    /// Datagrams read in one go: a flood of changes in one namespace must not hold up the others.
    private static let limit = 512

    /// In the namespace that the calling thread is in.
    init() throws(HostError) {
        // What changes while the state is read is announced again.
        socket = try NetlinkSocket(groups: Self.groups)
        state = (try? KnownState.read()) ?? KnownState()
    }

    /// To wait on.
    var descriptor: CInt { socket.descriptor.number }
    var namespaceCookie: UInt64? { socket.namespaceCookie }

    /// What was announced since the last call. An overflow is a change of kind `unknown`.
    mutating func changes(in namespace: UInt32, using buffer: inout [UInt8]) -> [FactsChange] {
        let time = MonotonicClock.now
        var result: [FactsChange] = []
        var state = state
        let isComplete = socket.drainNotifications(limit: Self.limit, using: &buffer) { header, payload in
            if var change = state.change(header, payload) {
                change.namespace = namespace
                change.time = time
                result.append(change)
            }
        }
        if !isComplete {
            state.isStale = true
            result.append(FactsChange(namespace: namespace, kind: .unknown, object: "announcements lost", time: time))
        }
        self.state = state
        return result
    }
}
