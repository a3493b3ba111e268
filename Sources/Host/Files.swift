// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Small reads of /proc and configuration files. Nil or empty when a file is not there or may not be read: the caller
/// says what that means.
enum Files {
    /// The file's first `limit` octets.
    static func contents(_ path: FilePath, limit: Int = 1 << 20) -> [UInt8]? {
        guard let descriptor = try? Descriptor(reading: path) else { return nil }
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 4096))
        while result.count < limit {
            guard let count = try? descriptor.read(at: result.count, into: &chunk) else { return nil }
            result += chunk.prefix(min(count, limit - result.count))
            if count < chunk.count { break }
            chunk = [UInt8](repeating: 0, count: 1 << 16)
        }
        return result
    }

    /// The file's text without the white space around it.
    static func line(_ path: FilePath) -> String? {
        guard let bytes = contents(path, limit: 4096) else { return nil }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// The names in a directory but `.` and `..`, in no order.
    static func names(in path: FilePath) -> [[UInt8]] {
        guard let stream = unsafe path.withPlatformString({ unsafe opendir($0) }) else { return [] }
        defer { unsafe closedir(stream) }
        var result: [[UInt8]] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if name != [0x2E] && name != [0x2E, 0x2E] { result.append(name) }
        }
        return result
    }

    /// What `stat(2)` says about a file, following links.
    static func status(_ path: FilePath) throws(Errno) -> stat {
        var result = stat()
        guard unsafe path.withPlatformString({ unsafe stat($0, &result) }) == 0 else { throw .current }
        return result
    }
}

extension FilePath {
    /// This path and one more component of any octets.
    func appending(bytes: [UInt8]) -> FilePath {
        let component = unsafe (bytes + [0]).withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { text in
                unsafe text.baseAddress.flatMap { unsafe Component(platformString: $0) }
            }
        }
        return component.map { appending($0) } ?? self
    }
}
