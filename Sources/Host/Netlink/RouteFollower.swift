// SPDX-License-Identifier: Apache-2.0
import CLinux
import Facts
import Packets

/// A namespace's routes, kept up by the kernel's announcements, so that a full table is read once.
///
/// The kernel announces the routes that are added and removed, and not those that go with a link or an address. So the
/// routes of an interface are asked for again after its state changed; where that would not do, all are.
struct RouteFollower {
    /// What of a link's state decides about its routes.
    private struct LinkState: Equatable {
        var isUp: Bool
        var hasCarrier: Bool
        var master: UInt32?

        init(_ link: Link) {
            isUp = link.isUp
            hasCarrier = link.hasCarrier
            master = link.master
        }
    }

    /// Announcements kept until the routes are asked for; beyond it reading all anew is cheaper.
    private static let changeLimit = 65_536
    /// The kernel announces that a link goes down before it takes its routes away: they are asked for again until this
    /// time has passed, nanoseconds.
    private static let settlingTime: UInt64 = 1_000_000_000

    private var routes: RouteList
    private var changes: [RouteChange] = []
    private var links: [UInt32: LinkState]
    /// Interfaces to ask for the routes of, and when the change of their state was announced.
    private var unsettled: [UInt32: UInt64] = [:]
    /// Addresses that went since the routes were asked for: routes that prefer them as source went with them.
    private var goneAddresses: [InterfaceAddress] = []
    /// Changes of nexthop objects change routes without a word.
    private var usesNexthopObjects: Bool
    /// Some of the announcements may be of what was already seen when the routes were read.
    private var mayBeKnown = true
    /// All routes have to be read anew.
    private var isLost: Bool

    /// `links`: as they were before the routes were read.
    init(_ routes: RouteList, usesNexthopObjects: Bool, links: [Link]) {
        self.routes = routes
        self.usesNexthopObjects = usesNexthopObjects
        self.links = Dictionary(links.map { ($0.index, LinkState($0)) }, uniquingKeysWith: { $1 })
        isLost = !routes.isInOrder
    }

    /// Takes an announcement.
    mutating func note(_ header: nlmsghdr, _ payload: RawSpan, at time: UInt64) {
        guard !isLost else { return }
        switch Int(header.nlmsg_type) {
        case RTM_NEWROUTE: if let message = RouteMessage(payload) { add(message, Int32(header.nlmsg_flags)) }
        case RTM_DELROUTE: if let message = RouteMessage(payload) { changes.append(.removed(message.route)) }
        case RTM_NEWLINK: if let message = LinkMessage(payload) { note(message.link, at: time) }
        case RTM_DELLINK:
            guard let link = LinkMessage(payload)?.link else { return }
            links[link.index] = nil
            unsettled[link.index] = nil
            changes.append(.interface(link.index, []))
            isLost = usesNexthopObjects
        case RTM_DELADDR:
            guard let address = InterfaceAddress(payload) else { return }
            goneAddresses.append(address)
            unsettled[address.interface] = time
        case RTM_NEWNETCONF:
            // Decides whether a nexthop without carrier is shown as dead.
            guard let message = ConfigurationMessage(payload), message.values["ignore_routes_with_linkdown"] != nil
            else { return }
            if message.index == Int32(NETCONFA_IFINDEX_ALL) { isLost = true }
            if message.index > 0 { unsettled[UInt32(message.index)] = time }
        case RTM_NEWNEXTHOP, RTM_DELNEXTHOP: isLost = usesNexthopObjects
        default: break
        }
        if changes.count > Self.changeLimit { isLost = true }
    }

    private mutating func add(_ message: RouteMessage, _ flags: Int32) {
        if message.nexthopID != nil { usesNexthopObjects = true }
        if message.nexthopID != nil && message.route.nexthops.isEmpty { isLost = true }
        let placement: RouteChange.Placement
        if flags & NLM_F_REPLACE != 0 {
            placement = .insteadOfFirst
        } else if flags & NLM_F_APPEND != 0 {
            placement = .last
        } else if flags & NLM_F_CREATE != 0 {
            placement = .first
        } else {
            // Hardware took the route over; it is no other one for that.
            return
        }
        changes.append(.added(message.route, placement))
    }

    private mutating func note(_ link: Link, at time: UInt64) {
        let state = LinkState(link)
        guard let known = links.updateValue(state, forKey: link.index), known != state else { return }
        unsettled[link.index] = time
        if known.isUp && !state.isUp { changes.append(.interfaceDown(link.index)) }
    }

    /// The routes now, `routesThrough` being asked for those of an interface; nil when all have to be read anew.
    mutating func refreshed(
        at time: UInt64, _ routesThrough: (_ interface: UInt32) throws(HostError) -> RouteList
    ) throws(HostError) -> RouteList? {
        if isLost || usesNexthopObjects && !unsettled.isEmpty { return nil }
        let changes = changes
        self.changes = []
        guard routes.apply(changes, mayBeKnown: mayBeKnown) else { return nil }
        mayBeKnown = !unsettled.isEmpty
        // One that most routes lead through is asked as much as all are.
        let share = max(routes.count / 4, 4_096)
        for interface in unsettled.keys where links[interface] != nil {
            guard routes.count(through: interface) <= share else { return nil }
            guard routes.apply([.interface(interface, Array(try routesThrough(interface)))]) else { return nil }
        }
        unsettled = unsettled.filter { time - $0.value < Self.settlingTime }
        for address in goneAddresses {
            let isOrphaned = routes.contains { route in
                route.preferredSource == address.local
                    && !route.nexthops.contains { $0.interface == address.interface }
            }
            if isOrphaned { return nil }
        }
        goneAddresses = []
        return routes
    }
}
