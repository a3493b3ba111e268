// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Where the cgroup v2 hierarchy is mounted. Every process is in it, also where the controllers are those of version 1.
struct CgroupHierarchy: Hashable {
    var path: FilePath
    /// False for a part of it, which is what a container is shown: the root alone has no `cgroup.type`.
    var isRoot: Bool

    /// The root if it is mounted anywhere, else the largest part that is; nil when there is none.
    static func mounted() -> Self? {
        let mounts = (try? readWhole("/proc/self/mounts", expecting: 1 << 16)) ?? []
        let all = paths(mounts: mounts).map { path in
            let type = try? FileDescriptor.open(path.appending("cgroup.type"), .readOnly, options: .closeOnExec)
            try? type?.close()
            return Self(path: path, isRoot: type == nil)
        }
        return all.first(where: \.isRoot) ?? all.first
    }

    /// The mount points of type cgroup2 in the lines of /proc/self/mounts, in which white space and backslashes stand as
    /// three octal digits behind a backslash (`fs/proc_namespace.c`, mangle).
    static func paths(mounts: [UInt8]) -> [FilePath] {
        mounts.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 2, fields[2].elementsEqual("cgroup2".utf8) else { return nil }
            return FilePath(String(decoding: unescaped(fields[1]), as: UTF8.self))
        }
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = field
        while let octet = rest.popFirst() {
            let digits = rest.prefix(3)
            guard octet == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                result.append(octet)
                continue
            }
            result.append(value)
            rest = rest.dropFirst(3)
        }
        return result
    }
}
