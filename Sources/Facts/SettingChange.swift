// SPDX-License-Identifier: Apache-2.0
package import Packets

/// One value under `net.ipv4.conf`.
package struct Setting: Hashable, Sendable {
    /// An interface's name, or `all` or `default`, which no interface may be called.
    package var scope: InterfaceName
    package var key: InterfaceSysctl

    package init(_ scope: InterfaceName, _ key: InterfaceSysctl) {
        self.scope = scope
        self.key = key
    }

    /// As sysctl(8) writes it, a dot of the interface's name as a slash: `net.ipv4.conf.eth0/100.rp_filter`. Holds a name
    /// that others chose.
    package var name: String {
        let scope = scope.text.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "/")
        return "net.ipv4.conf.\(scope).\(key.rawValue)"
    }
}

/// A process that wrote a sysctl, as the kernel saw it at the write. Its names are its own choice: make them safe before
/// they reach a terminal.
package struct SettingWriter: Hashable, Sendable {
    package struct Process: Hashable, Sendable {
        /// As process 1 numbers it.
        package var id: Int32
        /// `comm`: up to 15 octets.
        package var command: String

        package init(id: Int32, command: String) {
            self.id = id
            self.command = command
        }
    }

    package var process: Process
    package var parent: Process?
    /// The path of its program; nil when it had ended before that could be read.
    package var executable: String?
    /// rpfwatch itself wrote, or a process that it started.
    package var isOwn: Bool

    package init(process: Process, parent: Process? = nil, executable: String? = nil, isOwn: Bool = false) {
        self.process = process
        self.parent = parent
        self.executable = executable
        self.isOwn = isOwn
    }
}

/// A value under `net.ipv4.conf` that changed while its namespace was watched.
package struct SettingChange: Hashable, Sendable {
    package var setting: Setting
    /// Nil when it is not known.
    package var before: Int32?
    package var after: Int32
    /// When it was written, else when the change was seen: nanoseconds of CLOCK_MONOTONIC.
    package var time: UInt64
    /// Nil when no process was seen to write it.
    package var writer: SettingWriter?

    package init(_ setting: Setting, before: Int32?, after: Int32, time: UInt64, writer: SettingWriter? = nil) {
        self.setting = setting
        self.before = before
        self.after = after
        self.time = time
        self.writer = writer
    }
}

extension [SettingChange] {
    /// Those of some keys on an interface, or of `all`, that somebody else than rpfwatch made; in their order.
    package func foreign(_ keys: Set<InterfaceSysctl>, on interface: InterfaceName) -> [SettingChange] {
        filter { change in
            keys.contains(change.setting.key) && change.writer?.isOwn != true
                && (change.setting.scope == interface || change.setting.scope == "all")
        }
    }
}
