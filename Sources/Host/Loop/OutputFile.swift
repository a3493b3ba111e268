// SPDX-License-Identifier: Apache-2.0
import Glibc
package import SystemPackage

/// Writes a file as a whole: under another name beside it first, so that nobody ever reads half of it, also after a power
/// failure.
package func replaceFile(
    _ path: String, with bytes: [UInt8], permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
) throws(HostError) {
    let final = FilePath(path)
    let temporary = FilePath(path + ".\(getpid()).tmp")
    do {
        let file = try FileDescriptor.open(
            temporary, .writeOnly, options: [.create, .exclusiveCreate],
            permissions: permissions)
        do {
            try file.closeAfter {
                _ = try file.writeAll(bytes)
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard unsafe rename(temporary.string, final.string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            _ = unsafe unlink(temporary.string)
            throw error
        }
    } catch {
        throw HostError(errno: error as? Errno ?? .ioError, cannot: "write", path)
    }
}

/// Writes a configuration file as a whole, and makes its directory when only that one is missing: one for drop-ins is
/// there only when there are some.
package func replaceConfiguration(_ path: String, with bytes: [UInt8], isPrivate: Bool) throws(HostError) {
    let directory = FilePath(path).removingLastComponent().string
    if unsafe mkdir(directory, 0o755) != 0 && errno != EEXIST {
        throw HostError(errno: .current, cannot: "make the directory", directory)
    }
    let permissions: FilePermissions = isPrivate ? .ownerReadWrite : [.ownerReadWrite, .groupRead, .otherRead]
    try replaceFile(path, with: bytes, permissions: permissions)
}
