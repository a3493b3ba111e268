// SPDX-License-Identifier: Apache-2.0
package import Packets

/// What a process was about to write to a sysctl of `net.ipv4.conf`: not what the kernel made of it.
package struct SysctlWrite: Hashable, Sendable {
    /// A process by its number, as process 1 sees it, and its `comm`, which it chose itself.
    package struct Process: Hashable, Sendable {
        package var id: Int32
        package var command: String

        package init(id: Int32, command: String) {
            self.id = id
            self.command = command
        }
    }

    package var namespaceInode: UInt32
    /// See `DropKey.namespaceCookie`.
    package var namespaceCookie: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC.
    package var time: UInt64
    /// An interface's name, or `all` or `default`.
    package var scope: InterfaceName
    /// `rp_filter`, …
    package var key: String
    /// The value it had; nil for a text that is no number.
    package var before: Int32?
    /// The value that is written; nil for a text that is no number, which the kernel will refuse.
    package var after: Int32?
    package var process: Process
    package var parent: Process
    /// The path of the program that the process runs; not in the record.
    package var executable: String?

    package init(
        namespaceInode: UInt32, namespaceCookie: UInt64 = 0, time: UInt64, scope: InterfaceName, key: String,
        before: Int32?, after: Int32?, process: Process, parent: Process
    ) {
        self.namespaceInode = namespaceInode
        self.namespaceCookie = namespaceCookie
        self.time = time
        self.scope = scope
        self.key = key
        self.before = before
        self.after = after
        self.process = process
        self.parent = parent
    }
}
