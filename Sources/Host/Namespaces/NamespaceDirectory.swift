// SPDX-License-Identifier: Apache-2.0
import CLinux
package import Facts
import Glibc
package import SystemPackage

/// The network namespaces that can be found from here: names in /run/netns, processes, and bind mounts elsewhere.
package struct NamespaceDirectory: Sendable {
    /// A namespace and a file that stands for it.
    package struct Entry: Sendable {
        package var identity: NamespaceIdentity
        package var path: FilePath
        /// When the process of the identity started, in clock ticks since boot: tells a reused process ID.
        fileprivate(set) var startTime: UInt64?
    }

    /// By inode number.
    package private(set) var entries: [UInt32: Entry] = [:]
    /// Namespaces that processes are in whose `ns/net` may not be read (CAP_SYS_PTRACE).
    package private(set) var hiddenNamespaces = 0

    package init() {}

    /// What can be found now.
    package static func discover() -> Self {
        var result = Self()
        result.scan()
        return result
    }

    /// What can be found out about an open namespace.
    package static func identity(of namespace: borrowing NetworkNamespace) -> NamespaceIdentity {
        var identity = discover().entries[namespace.inode]?.identity ?? NamespaceIdentity(inode: namespace.inode)
        identity.cookie = namespace.cookie
        return identity
    }

    /// Looks again. What is known of a namespace is kept while the process it is known by lives.
    package mutating func scan() {
        let own = inode("/proc/self/ns/net")
        let processes = ProcessScan()
        let initial = processes.initialNamespace(own: own)
        var found: [UInt32: Entry] = [:]
        for (inode, processIDs) in processes.byNamespace {
            found[inode] = entry(inode, processIDs: processIDs, isInitial: inode == initial)
        }
        for (name, inode) in Self.names() {
            let path = Self.nameDirectory.appending(bytes: name)
            found[inode, default: Entry(identity: NamespaceIdentity(inode: inode), path: path)].name(name, path)
        }
        for (path, inode) in Self.mounts() where found[inode] == nil {
            found[inode] = Entry(identity: NamespaceIdentity(inode: inode), path: path)
        }
        for inode in found.keys {
            found[inode]?.identity.isOwn = inode == own
            found[inode]?.identity.isInitial = inode == initial
            found[inode]?.completeCreator()
        }
        entries = found
        hiddenNamespaces = processes.hiddenNamespaces
    }

    /// Where `ip netns` keeps its names.
    static let nameDirectory: FilePath = "/run/netns"

    private func entry(_ inode: UInt32, processIDs: [Int32], isInitial: Bool) -> Entry {
        if let known = entries[inode], let processID = known.identity.processID, processIDs.contains(processID),
            let startTime = known.startTime, startTime == ProcessScan.startTime(of: processID)
        {
            var entry = known
            entry.identity.name = nil
            // What the name told goes with it.
            if entry.identity.container == nil, entry.identity.creator?.kind != .unit { entry.identity.creator = nil }
            entry.path = Self.path(processID: processID)
            return entry
        }
        let processID = isInitial ? processIDs.min() : ProcessScan.oldest(of: processIDs)
        var identity = NamespaceIdentity(inode: inode, processID: processID)
        guard let processID else { return Entry(identity: identity, path: "") }
        let directory = FilePath("/proc/\(processID)")
        identity.command = Files.line(directory.appending("comm"))
        if !isInitial, let groups = Files.contents(directory.appending("cgroup")) {
            if let id = containerID(cgroup: groups) {
                identity.container = Container(id: id, name: containerName(id: id))
            }
            identity.creator = namespaceCreator(cgroup: groups)
        }
        return Entry(
            identity: identity, path: Self.path(processID: processID), startTime: ProcessScan.startTime(of: processID))
    }

    private static func path(processID: Int32) -> FilePath { FilePath("/proc/\(processID)/ns/net") }

    /// The names in /run/netns in order, so that the first of several for one namespace is always the same one. Names
    /// are any octets but `/`.
    static func names() -> [(name: [UInt8], inode: UInt32)] {
        let own = try? Files.status("/proc/self/ns/net")
        return Files.names(in: nameDirectory).sorted { $0.lexicographicallyPrecedes($1) }.compactMap { name in
            // A name whose namespace is not mounted on it is an ordinary file: `ip netns add` of a crashed creator.
            guard let status = try? Files.status(nameDirectory.appending(bytes: name)), status.st_dev == own?.st_dev
            else { return nil }
            return (name, UInt32(truncatingIfNeeded: status.st_ino))
        }
    }

    /// Network namespaces bound to files anywhere, as in /run/docker/netns: (mount point, inode).
    private static func mounts() -> [(path: FilePath, inode: UInt32)] {
        guard let bytes = Files.contents("/proc/self/mountinfo", limit: 16 << 20) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // ID, parent, device, root, mount point, …: the root of such a mount is net:[INODE].
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count > 5, fields[3].starts(with: Array("net:[".utf8)),
                let inode = UInt32(String(decoding: fields[3].dropFirst(5).dropLast(), as: UTF8.self))
            else { return nil }
            return (path(mountPoint: fields[4]), inode)
        }
    }

    /// White space and backslashes of a mount point are written as three octal digits after a backslash.
    private static func path(mountPoint: ArraySlice<UInt8>) -> FilePath {
        var result = FilePath("/")
        for component in mountPoint.split(separator: UInt8(ascii: "/")) {
            var octets: [UInt8] = []
            var rest = component
            while let octet = rest.popFirst() {
                if octet == UInt8(ascii: "\\"),
                    let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
                {
                    octets.append(code)
                    rest = rest.dropFirst(3)
                } else {
                    octets.append(octet)
                }
            }
            result = result.appending(bytes: octets)
        }
        return result
    }
}

extension NamespaceDirectory.Entry {
    /// Takes the first name there is. One that is not UTF-8 could not be given to `ip netns` in a command, so it only
    /// serves as the path.
    fileprivate mutating func name(_ bytes: [UInt8], _ path: FilePath) {
        self.path = path
        let text = String(decoding: bytes, as: UTF8.self)
        if identity.name == nil && Array(text.utf8) == bytes { identity.name = text }
    }

    /// A name under /run/netns tells who made the namespace unless a container does: what runs in it was only put there.
    fileprivate mutating func completeCreator() {
        guard let name = identity.name, !identity.isInitial, identity.container == nil else { return }
        identity.creator = NamespaceCreator(namespaceName: name)
    }
}

/// The inode number behind a path; nil when it may not be read.
private func inode(_ path: FilePath) -> UInt32? {
    (try? Files.status(path)).map { UInt32(truncatingIfNeeded: $0.st_ino) }
}
