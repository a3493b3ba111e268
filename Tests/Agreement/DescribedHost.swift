// SPDX-License-Identifier: Apache-2.0

/// A host as the steps that make it, in their order, so that it can be built, cut down and shown. Any step may fail (a
/// route that is there already), which is part of the game.
///
/// Its interfaces x0, x1, … are veths; their peers y0, y1, … are in a second namespace, the wire.
package struct DescribedHost: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        /// Arguments of `ip`.
        case ip(String)
        /// Arguments of `ip`, on the wire.
        case wire(String)
        /// A rule by DSCP, which few versions of `ip` can add.
        case dscpRule(dscp: UInt8, priority: UInt32, table: UInt32)
        /// A file below /proc/sys/net/ipv4/conf and what to write into it.
        case sysctl(file: String, value: String)
        /// An open socket that joined a multicast group.
        case membership(group: String, interface: String)
    }

    package var steps: [Step]

    /// What `ip` calls the namespace of the wire in a step's text.
    static let wireName = "WIRE"

    package init(steps: [Step] = []) { self.steps = steps }

    /// Commands to paste that build it as the namespace `agree`, with its wire as `agree-wire`.
    package var shellCommands: [String] {
        var lines = ["ip netns add agree", "ip netns add agree-wire"]
        for interface in ["all", "default", "lo"] {
            lines.append("ip netns exec agree sysctl -qw net.ipv4.conf.\(interface).rp_filter=0")
        }
        lines.append("ip -n agree link set lo up")
        for step in steps {
            switch step {
            case .ip(let arguments):
                lines.append("ip -n agree \(arguments.replacing(Self.wireName, with: "agree-wire"))")
            case .wire(let arguments): lines.append("ip -n agree-wire \(arguments)")
            case .dscpRule(let dscp, let priority, let table):
                lines.append("ip -n agree rule add dscp \(dscp >> 2) pref \(priority) lookup \(table)")
            case .sysctl(let file, let value):
                lines.append("ip netns exec agree sysctl -qw net.ipv4.conf.\(file.replacing("/", with: "."))=\(value)")
            case .membership(let group, let interface):
                lines.append(
                    "ip netns exec agree socat -u UDP4-RECV:0,ip-add-membership=\(group):\(interface) /dev/null &")
            }
        }
        return lines
    }
}
