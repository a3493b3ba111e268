// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Writes a file as a whole: under another name beside it first, so that nobody ever reads half of it.
package func replaceFile(_ path: String, with bytes: [UInt8]) throws(HostError) {
    let final = FilePath(path)
    let temporary = FilePath(path + ".\(getpid()).tmp")
    do {
        let file = try FileDescriptor.open(
            temporary, .writeOnly, options: [.create, .exclusiveCreate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        do {
            try file.closeAfter { _ = try file.writeAll(bytes) }
            guard unsafe rename(temporary.string, final.string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            _ = unsafe unlink(temporary.string)
            throw error
        }
    } catch {
        throw HostError(errno: error as? Errno ?? .ioError, cannot: "write", path)
    }
}
