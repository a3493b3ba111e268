// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc
import Synchronization

/// A network namespace of the lab; it goes when the last reference to it goes.
package final class Namespace: Sendable {
    /// How others can name it.
    package enum Reference: Sendable {
        /// A name under /run/netns.
        case name(String)
        /// The only process in it, as a container has one.
        case process(Int32)
    }

    package let reference: Reference
    private let isRemoved = Atomic(false)

    /// A new one under /run/netns, with a name that nothing else on this machine has.
    package init(_ suffix: String) throws {
        Self.removeStale()
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "\(Self.prefix)\(getpid())-\(number)-\(suffix)"
        let path = Self.path(name)
        try onFreshThread {
            let result = unsafe lab_make_namespace(path)
            guard result == 0 else { throw LabError("make a network namespace", path, errno: -result) }
        }
        reference = .name(name)
    }

    /// A new one without a name, held by a sleeping process: what a container runtime leaves.
    package init(unnamedHeldBy command: [String]) throws(LabError) {
        let process = try spawn(["unshare", "--net", "--"] + command)
        reference = .process(process)
        let own = linkTarget("/proc/self/ns/net")
        let isReady = eventually { linkTarget("/proc/\(process)/ns/net").map { $0 != own } ?? false }
        guard isReady else { throw LabError("unshare --net did not make a namespace") }
    }

    deinit { remove() }

    /// Deletes its name or ends its process; the kernel takes it down when nothing uses it any more.
    package func remove() {
        guard !isRemoved.exchange(true, ordering: .relaxed) else { return }
        switch reference {
        case .name(let name):
            _ = unsafe lab_remove_namespace(Self.path(name))
        case .process(let process):
            endProcess(process)
        }
    }

    /// What `ip link … netns X` and `rpfwatch --netns X` take.
    package var argument: String {
        switch reference {
        case .name(let name): name
        case .process(let process): "\(process)"
        }
    }

    /// The file that stands for it.
    package var path: String {
        switch reference {
        case .name(let name): Self.path(name)
        case .process(let process): "/proc/\(process)/ns/net"
        }
    }

    /// The inode number, the kernel's name for it.
    package var inode: UInt64 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// Runs `body` on a thread of its own inside the namespace. Descriptors opened there stay inside it.
    package func enter<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let path = path
        return try onFreshThread {
            let result = unsafe lab_enter_namespace(path)
            guard result == 0 else { throw LabError("enter", path, errno: -result) }
            return try body()
        }
    }

    /// Runs a program inside; anything but exit status 0 is an error.
    @discardableResult
    package func run(_ arguments: [String], input: String? = nil) throws -> String {
        try enter { try runSuccessfully(arguments, input: input) }
    }

    private static func path(_ name: String) -> String { "/run/netns/\(name)" }
    private static let prefix = "lab-"
    private static let counter = Atomic(0)
    private static let staleRemoved = Mutex(false)

    /// Removes what a killed run of the lab left behind.
    private static func removeStale() {
        staleRemoved.withLock { done in
            if done { return }
            done = true
            for name in names(in: "/run/netns") where name.hasPrefix(prefix) {
                let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
                guard let process = Int32(owner), kill(process, 0) != 0, errno == ESRCH else { continue }
                _ = unsafe lab_remove_namespace(Self.path(name))
            }
        }
    }
}

/// Where a symbolic link points; nil when it cannot be read.
package func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let length = unsafe readlink(path, &buffer, buffer.count)
    guard length >= 0 else { return nil }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
