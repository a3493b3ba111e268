// SPDX-License-Identifier: Apache-2.0
import Glibc
import Host
import Synchronization
import SystemPackage

/// A directory under /tmp that stands for a host's `/`, and is gone with this value.
final class FileTree: Sendable {
    let root: FilePath

    private static let counter = Atomic(0)

    /// By their paths in the tree, the contents of its files.
    init(_ files: [String: String]) throws {
        root = FilePath("/tmp/tree-\(getpid())-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)")
        for (path, content) in files {
            let file = place(path)
            Self.makeDirectory(file.removingLastComponent())
            let descriptor = try FileDescriptor.open(
                file, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
            try descriptor.closeAfter { _ = try descriptor.writeAll(content.utf8) }
        }
    }

    /// Where a path of the tree really is.
    func place(_ path: String) -> FilePath { root.pushing(FilePath(path).removingRoot()) }

    /// A second name for a file, with its inode.
    func link(_ path: String, to other: String) {
        let (new, old) = (place(path), place(other))
        Self.makeDirectory(new.removingLastComponent())
        _ = unsafe new.withPlatformString { new in unsafe old.withPlatformString { unsafe Glibc.link($0, new) } }
    }

    /// A symbolic link to a path as the host says it.
    func symbolicLink(_ path: String, to target: String) {
        let link = place(path)
        Self.makeDirectory(link.removingLastComponent())
        _ = unsafe link.withPlatformString { link in unsafe target.withCString { unsafe symlink($0, link) } }
    }

    private static func makeDirectory(_ path: FilePath) {
        if path.components.count > 2 { makeDirectory(path.removingLastComponent()) }
        _ = unsafe path.withPlatformString { unsafe mkdir($0, 0o755) }
    }

    deinit { _ = try? Command.patiently("rm", ["-rf", root.string]) }
}
