// SPDX-License-Identifier: Apache-2.0

/// Which network namespace: what the kernel calls it, and what a person calls it.
package struct NamespaceIdentity: Hashable, Sendable {
    /// Inode number of the namespace, as in `net:[4026531840]`. Reused at once after the namespace is gone.
    package var inode: UInt32
    /// Never reused while the machine runs; nil where neither the kernel's record nor SO_NETNS_COOKIE (5.14) tells.
    package var cookie: UInt64?
    /// Its name under /run/netns.
    package var name: String?
    /// A process in it, so that it can be entered and its /proc files read.
    package var processID: Int32?
    /// That process' `comm`; set by the process itself, untrusted.
    package var command: String?
    package var container: Container?
    /// Who made it; nil for the initial one and when nothing tells.
    package var creator: NamespaceCreator?
    /// True for the namespace rpfwatch itself runs in.
    package var isOwn: Bool
    /// True for the namespace of process 1 as seen from here: the only one for which sysctl.d counts.
    package var isInitial: Bool

    package init(
        inode: UInt32, cookie: UInt64? = nil, name: String? = nil, processID: Int32? = nil, command: String? = nil,
        container: Container? = nil, creator: NamespaceCreator? = nil, isOwn: Bool = false, isInitial: Bool = false
    ) {
        self.inode = inode
        self.cookie = cookie
        self.name = name
        self.processID = processID
        self.command = command
        self.container = container
        self.creator = creator
        self.isOwn = isOwn
        self.isInitial = isInitial
    }

    /// What stays the same over runs, for finding identifiers: the name, else the container's id, else `init`, else the inode.
    package var stableName: String {
        if let name { return name }
        if let container { return container.id }
        return isInitial || isOwn ? "init" : "inode:\(inode)"
    }
}

/// A container that owns a namespace.
package struct Container: Hashable, Sendable {
    /// From the cgroup path: 64 hexadecimal digits for Docker, containerd, CRI-O and podman.
    package var id: String
    package var name: String?

    package init(id: String, name: String? = nil) {
        self.id = id
        self.name = name
    }
}
