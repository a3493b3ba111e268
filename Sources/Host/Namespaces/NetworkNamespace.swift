// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Packets
import SystemPackage

/// Owns an open network namespace. While it lives the namespace lives, with its interfaces and its inode number: let go
/// of it when nothing else is in it any more.
package struct NetworkNamespace: ~Copyable, Sendable {
    private let descriptor: Descriptor
    /// How it was opened, for messages; safe for a terminal.
    package let origin: String
    /// Number of the namespace, as in `net:[4026531840]`.
    package let inode: UInt32

    /// Opens a file that stands for a network namespace: a name in /run/netns, `/proc/PID/ns/net`, a bind mount.
    package init(path: String) throws(HostError) {
        try self.init(path: FilePath(path))
    }

    init(path: FilePath) throws(HostError) {
        let action = "open the network namespace"
        let file: Descriptor
        do throws(HostError) {
            file = try Descriptor(reading: path, cannot: action)
        } catch {
            var error = error
            if error.kind == .notFound { error.remedy = Self.naming }
            throw error
        }
        let kind = clinux_namespace_type(file.number)
        guard kind == clinux_clone_newnet() else {
            throw HostError(
                .invalid, cannot: action, path.description, reason: "it is not a network namespace",
                remedy: Self.naming)
        }
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else {
            throw HostError(errno: .current, cannot: action, path.description)
        }
        descriptor = file
        origin = terminalSafe(path.description)
        inode = UInt32(truncatingIfNeeded: status.st_ino)
    }

    private static let naming = "name one of /run/netns, a process, a path, or inode:N (ip netns list, lsns -t net)"

    /// To be handed to another process; never to be kept or closed.
    var descriptorNumber: CInt { descriptor.number }

    /// Opens the namespace that a process is in.
    package init(processID: Int32) throws(HostError) {
        try self.init(path: "/proc/\(processID)/ns/net")
    }

    /// Opens the namespace that this program was started in.
    package static func own() throws(HostError) -> NetworkNamespace {
        try NetworkNamespace(path: "/proc/self/ns/net")
    }

    /// Runs `body` on a new thread inside the namespace and returns what it returned. Needs no privilege for the
    /// namespace that the caller is in already.
    package borrowing func run<T: ~Copyable>(_ body: () throws(HostError) -> T) throws(HostError) -> T {
        let number = descriptor.number
        let inode = inode
        let origin = origin
        return try onNewThread { () throws(HostError) -> T in
            try enter(number, inode: inode, origin: origin)
            return try body()
        }
    }

    /// Moves the calling thread, which has to be one of `onNewThread`, into the namespace.
    borrowing func enterOnThisThread() throws(HostError) {
        try enter(descriptor.number, inode: inode, origin: origin)
    }
}

private func enter(_ number: CInt, inode: UInt32, origin: String) throws(HostError) {
    if currentNamespaceInode() == inode { return }
    guard clinux_setns(number, clinux_clone_newnet()) == 0 else {
        throw HostError(
            errno: .current, cannot: "enter the network namespace", origin,
            remedy: "run it as root, or with CAP_SYS_ADMIN")
    }
}

/// The inode of the calling thread's network namespace; nil without /proc.
func currentNamespaceInode() -> UInt32? {
    (try? Files.status("/proc/thread-self/ns/net")).map { UInt32(truncatingIfNeeded: $0.st_ino) }
}

extension NetworkNamespace {
    /// The number that the kernel never gives to another namespace while it runs; nil before Linux 5.14.
    package var cookie: UInt64? {
        borrowing get {
            try? run { () throws(HostError) -> UInt64? in try NetlinkSocket().namespaceCookie }
        }
    }
}
