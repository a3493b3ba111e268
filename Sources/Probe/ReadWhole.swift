// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The whole of a file in sysfs or procfs, whose size the file system does not tell.
///
/// - Parameter expected: Octets to reserve before the first read; untouched ones cost nothing.
func readWhole(_ path: FilePath, expecting expected: Int) throws(Errno) -> [UInt8] {
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        defer { try? file.close() }
        var content: [UInt8] = []
        var isAtEnd = false
        while !isAtEnd {
            let part = unsafe try [UInt8](unsafeUninitializedCapacity: expected) { buffer, count in
                while count < expected && !isAtEnd {
                    let rest = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let got = unsafe try file.read(into: rest)
                    count += got
                    isAtEnd = got == 0
                }
            }
            if content.isEmpty { content = part } else { content += part }
        }
        return content
    } catch let error as Errno {
        throw error
    } catch {
        // FileDescriptor throws Errno alone.
        throw .ioError
    }
}
