// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Owns one open file and closes it at the end of its life.
package struct Descriptor: ~Copyable, Sendable {
    /// For a system call while the owner lives; never to be kept or closed.
    package let number: CInt

    /// Takes over an open descriptor; -1, as a failed system call returns it, becomes the error of errno.
    init(_ number: CInt, cannot action: String, _ subject: String = "", remedy: String? = nil) throws(HostError) {
        guard number >= 0 else {
            throw HostError(errno: .current, cannot: action, subject, remedy: remedy)
        }
        self.number = number
    }

    /// Opens a file for reading, without waiting for the other end should it be a pipe.
    init(reading path: FilePath, cannot action: String = "open", remedy: String? = nil) throws(HostError) {
        let number = unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        try self.init(number, cannot: action, path.description, remedy: remedy)
    }

    deinit {
        _ = Glibc.close(number)
    }

    /// What `stat(2)` says about a file in this directory, following links.
    func status(_ path: [UInt8]) throws(Errno) -> stat {
        var result = stat()
        let code = unsafe (path + [0]).withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                guard let path = text.baseAddress else { return CInt(-1) }
                return unsafe fstatat(number, path, &result, 0)
            }
        }
        guard code == 0 else { throw .current }
        return result
    }

    /// Octets from `offset` on: all there are up to the size of `buffer`; how many.
    func read(at offset: Int, into buffer: inout [UInt8]) throws(Errno) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return 0 }
                return unsafe pread(number, base + filled, bytes.count - filled, off_t(offset + filled))
            }
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if Errno.current != .interrupted {
                throw .current
            }
        }
        return filled
    }
}

extension Errno {
    /// The error of the system call just made on this thread.
    static var current: Errno { Errno(rawValue: Glibc.errno) }
}
