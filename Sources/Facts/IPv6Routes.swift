// SPDX-License-Identifier: Apache-2.0

/// What the kernel answered about the routes that a packet filter's check of one IPv6 packet looks at. Only packet filters
/// check the reverse path of IPv6.
package struct IPv6Routes: Hashable, Sendable {
    package struct Answer: Hashable, Sendable {
        /// `unicast`, `local`, …; nil when there is no route, or one that refuses.
        package var kind: Route.Kind?
        /// The device of the route.
        package var interface: UInt32?

        package init(kind: Route.Kind? = nil, interface: UInt32? = nil) {
            self.kind = kind
            self.interface = interface
        }
    }

    /// Which question about the source.
    package struct Question: Hashable, Sendable {
        /// With the packet's mark.
        package var usesMark: Bool
        /// Of routes to one prefix that through the ingress interface is preferred.
        package var prefersIngress: Bool

        package init(usesMark: Bool, prefersIngress: Bool) {
            self.usesMark = usesMark
            self.prefersIngress = prefersIngress
        }

        package static let all = [
            Self(usesMark: false, prefersIngress: false), Self(usesMark: false, prefersIngress: true),
            Self(usesMark: true, prefersIngress: false), Self(usesMark: true, prefersIngress: true),
        ]
    }

    /// The way back to the source.
    package var back: [Question: Answer]
    /// The way to the destination.
    package var forth: Answer

    package init(back: [Question: Answer], forth: Answer) {
        self.back = back
        self.forth = forth
    }
}
