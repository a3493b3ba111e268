// SPDX-License-Identifier: Apache-2.0

/// Something that decides reverse path filtering changed in a namespace, as the kernel announced it.
///
/// The texts hold names that others chose: make them safe before they reach a terminal.
package struct FactsChange: Hashable, Sendable {
    /// The words of `rpf.change.kind`.
    package enum Kind: String, Sendable, CaseIterable {
        case sysctl, route, rule, address, link
        /// Announcements were lost: anything may have changed.
        case unknown
    }

    /// Inode number of the namespace.
    package var namespace: UInt32
    package var kind: Kind
    /// What changed: `net.ipv4.conf.eth0.rp_filter`, `192.0.2.0/24 table main`, `rule 100`, an interface's name.
    package var object: String
    /// Nil when it was not there, or what it was is not known.
    package var before: String?
    /// Nil when it is gone.
    package var after: String?
    /// When the announcement was read, nanoseconds of CLOCK_MONOTONIC; the change itself is a little older.
    package var time: UInt64
    /// What a change of kind `sysctl` is of, with the values as numbers.
    package var setting: SettingChange?

    package init(
        namespace: UInt32, kind: Kind, object: String, before: String? = nil, after: String? = nil, time: UInt64 = 0
    ) {
        self.namespace = namespace
        self.kind = kind
        self.object = object
        self.before = before
        self.after = after
        self.time = time
    }

    /// A sysctl that changed.
    package init(namespace: UInt32, _ change: SettingChange) {
        self.init(
            namespace: namespace, kind: .sysctl, object: change.setting.name, before: change.before.map { "\($0)" },
            after: "\(change.after)", time: change.time)
        setting = change
    }
}
