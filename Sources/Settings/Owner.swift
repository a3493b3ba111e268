// SPDX-License-Identifier: Apache-2.0

/// Who gives a sysctl its value on this host: a line of a configuration file, a daemon, or nobody but the kernel.
package struct Owner: Hashable, Sendable {
    /// For sentences and lists: `/etc/sysctl.d/60-lab.conf:3`, `systemd-networkd`, `kernel default`. May hold names that
    /// others chose: make it safe before it reaches a terminal.
    package var source: String
    /// The value that it sets; nil when it sets one by itself that cannot be read.
    package var value: Int32?
    /// How to have it set another value, as it would be written there:
    /// `IPv4ReversePathFilter=loose in [Network] of /etc/systemd/network/10-eth1.network`. Nil when a sysctl.d file does.
    package var setting: String?

    package init(source: String, value: Int32? = nil, setting: String? = nil) {
        self.source = source
        self.value = value
        self.setting = setting
    }

    /// The kernel's own value, that nobody changed.
    package static let kernelDefault = "kernel default"
    /// The value is not what the files and daemons of this host would make it.
    package static let unknown = "set by hand or by a program"
}
