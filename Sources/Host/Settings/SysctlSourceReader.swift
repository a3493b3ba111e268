// SPDX-License-Identifier: Apache-2.0
package import Facts
import Glibc
package import SystemPackage

/// Reads the configuration files of sysctl.d, again only when one of them changed: asking costs a `stat(2)` a file.
package struct SysctlSourceReader: Sendable {
    /// What tells that a file or directory is another one than before.
    private struct Mark: Hashable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private let root: RootedPath
    private var known: SysctlSources?
    /// By their paths in the root; nil for what is not there.
    private var marks: [String: Mark?] = [:]

    private static let fileLimit = 1024

    /// `root`: where the host's `/` is.
    package init(root: FilePath = "/") { self.root = RootedPath(root: root) }

    /// Those of the host that process 1 runs on, also from inside a container that sees its processes; nil when its files
    /// cannot be reached.
    package static func ofHost() -> SysctlSourceReader? {
        RootedPath.rootOfHost().map { SysctlSourceReader(root: $0) }
    }

    /// The files as they are now.
    package mutating func read() -> SysctlSources {
        if let known, marks.allSatisfy({ mark($0.key) == $0.value }) { return known }
        marks = [:]
        var sources = SysctlSources(reader: SysctlReaderSearch.reader(below: root))
        var directories: Set<Mark> = []
        for (index, path) in SysctlSources.directories.enumerated() {
            let mark = note(path)
            // /lib is /usr/lib on most hosts.
            guard let mark, directories.insert(mark).inserted, let directory = root.resolve(path) else { continue }
            guard Self.isReadable(directory) else {
                sources.isComplete = false
                continue
            }
            for name in Files.names(in: directory) where name.suffix(5).elementsEqual(".conf".utf8) {
                guard sources.files.count < Self.fileLimit else {
                    sources.isComplete = false
                    break
                }
                add(path, String(decoding: name, as: UTF8.self), index, to: &sources)
            }
        }
        if note(SysctlSources.lastFile) != nil { add("/etc", "sysctl.conf", nil, to: &sources) }
        sources.files.sort { $0.path < $1.path }
        known = sources
        return sources
    }

    private mutating func add(_ directory: String, _ name: String, _ index: Int?, to sources: inout SysctlSources) {
        let path = "\(directory)/\(name)"
        var file = SysctlFile(directory: index, name: name, kind: .masked)
        if note(path) != nil, let place = root.resolve(path), Self.isFile(place) {
            if let contents = Files.contents(place, limit: 1 << 20) {
                file.kind = contents.isEmpty ? .masked : .regular
                if let lines = SysctlLine.relevant(in: contents), contents.count < 1 << 20 {
                    file.lines = lines
                } else {
                    sources.isComplete = false
                }
            } else {
                file.kind = .unreadable
                sources.isComplete = false
            }
        }
        sources.files.append(file)
    }

    private mutating func note(_ path: String) -> Mark? {
        let mark = mark(path)
        marks[path] = .some(mark)
        return mark
    }

    private func mark(_ path: String) -> Mark? {
        guard let place = root.resolve(path) else { return nil }
        return (try? Files.status(place)).map(Mark.init)
    }

    private static func isFile(_ path: FilePath) -> Bool {
        (try? Files.status(path)).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
    }

    private static func isReadable(_ directory: FilePath) -> Bool {
        unsafe directory.withPlatformString { unsafe access($0, R_OK | X_OK) } == 0
    }
}
