// SPDX-License-Identifier: Apache-2.0

/// One of the namespaces of a testbed.
package enum Place: String, Sendable {
    /// The host under test.
    case host
    /// Where the packets come from, behind the host's interface `a0`.
    case client
    /// The other way out, behind the host's interface `b0`.
    case server
    /// Behind the host, made when the first step names it.
    case container
}

/// One change to a testbed, as an administrator would make it.
package struct Step: Sendable {
    package enum Action: Sendable {
        case ip(String)
        case sysctl(path: String, value: String)
        case command([String], input: String?)
        case waitFor([String], @Sendable (String) -> Bool)
        case joinGroup(String, interface: String)
        case openTun(String)
        case dscpRule(dscp: UInt8, priority: UInt32, table: UInt32)
    }

    package var place: Place
    package var action: Action

    /// An `ip` command without the word `ip`. `@client`, `@server` and `@container` stand for those namespaces.
    package static func ip(_ words: String, at place: Place = .host) -> Self {
        Self(place: place, action: .ip(words))
    }

    /// A value below /proc/sys/net/ipv4, such as `conf/a0/rp_filter`.
    package static func sysctl(_ path: String, _ value: Int, at place: Place = .host) -> Self {
        Self(place: place, action: .sysctl(path: path, value: "\(value)"))
    }

    /// rp_filter of an interface, or of `all`.
    package static func rpFilter(_ interface: String, _ value: Int) -> Self {
        .sysctl("conf/\(interface)/rp_filter", value)
    }

    /// Turns forwarding on.
    package static let forwarding = Self.sysctl("ip_forward", 1)

    /// An nftables ruleset to add.
    package static func nft(_ ruleset: String, at place: Place = .host) -> Self {
        Self(place: place, action: .command(["nft", "-f", "-"], input: ruleset + "\n"))
    }

    /// Any other program with its arguments.
    package static func command(_ words: String, input: String? = nil, at place: Place = .host) -> Self {
        Self(place: place, action: .command(words.split(separator: " ").map(String.init), input: input))
    }

    /// A line for the shell.
    package static func shell(_ line: String, at place: Place = .host) -> Self {
        Self(place: place, action: .command(["sh", "-c", line], input: nil))
    }

    /// Runs a program until what it prints is as wanted.
    package static func wait(
        for words: String, at place: Place = .host, _ isReady: @escaping @Sendable (String) -> Bool
    ) -> Self {
        Self(place: place, action: .waitFor(words.split(separator: " ").map(String.init), isReady))
    }

    /// A socket that stays a member of the group.
    package static func join(_ group: String, on interface: String) -> Self {
        Self(place: .host, action: .joinGroup(group, interface: interface))
    }

    /// `ip rule add dscp N priority P lookup T`, whether or not `ip` knows it. A kernel that does not know it makes a rule
    /// without the selector.
    package static func dscpRule(_ dscp: UInt8, priority: UInt32 = 1_000, table: UInt32) -> Self {
        Self(place: .host, action: .dscpRule(dscp: dscp, priority: priority, table: table))
    }

    /// A TUN device with its owner's descriptor open; still to be configured with `ip`.
    package static func tun(_ name: String) -> Self {
        Self(place: .host, action: .openTun(name))
    }
}
