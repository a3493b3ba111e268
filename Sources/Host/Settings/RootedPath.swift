// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Finds files below a directory as a process would for which that directory is `/`: links are followed inside of it.
struct RootedPath: Sendable {
    let root: FilePath

    private static let linkLimit = 40

    /// The `/` of process 1, also from inside a container that sees the host's processes; nil when it cannot be reached.
    static func rootOfHost() -> FilePath? {
        let own = try? Files.status("/proc/self/ns/mnt")
        guard let own, let first = try? Files.status("/proc/1/ns/mnt"), first.st_ino != own.st_ino else { return "/" }
        let root: FilePath = "/proc/1/root"
        return (try? Files.status(root)).map { _ in root }
    }

    /// Where the file is that a path of the inside leads to; nil when it leads nowhere.
    func resolve(_ path: String) -> FilePath? {
        var pending = Self.components(Array(path.utf8))[...]
        var done: [[UInt8]] = []
        var links = 0
        while let component = pending.popFirst() {
            if component == [UInt8(ascii: ".")] { continue }
            if component == [UInt8(ascii: "."), UInt8(ascii: ".")] {
                _ = done.popLast()
                continue
            }
            let place = location(of: done + [component])
            var status = stat()
            guard unsafe place.withPlatformString({ unsafe lstat($0, &status) }) == 0 else { return nil }
            guard status.st_mode & S_IFMT == S_IFLNK else {
                done.append(component)
                continue
            }
            links += 1
            guard links <= Self.linkLimit, let target = Self.target(of: place) else { return nil }
            if target.first == UInt8(ascii: "/") { done = [] }
            pending = (Self.components(target) + pending)[...]
        }
        return location(of: done)
    }

    private func location(of components: [[UInt8]]) -> FilePath {
        components.reduce(root) { $0.appending(bytes: $1) }
    }

    private static func components(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    private static func target(of link: FilePath) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe link.withPlatformString { unsafe readlink($0, &buffer, buffer.count) }
        guard count > 0, count < buffer.count else { return nil }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }
}
