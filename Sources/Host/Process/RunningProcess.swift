// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// What /proc tells of a process while it runs.
package enum RunningProcess {
    /// The own number.
    package static var own: Int32 { getpid() }

    /// The path of the program that a process runs; nil when it has ended, when its number is by now that of a process of
    /// another name, or when it may not be read. The path is untrusted.
    package static func executable(of id: Int32, command: String) -> String? {
        guard let name = Files.contents(FilePath("/proc/\(id)/comm"), limit: 64),
            String(decoding: name.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) == command
        else { return nil }
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/\(id)/exe", &path, path.count)
        guard length > 0 else { return nil }
        return String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
