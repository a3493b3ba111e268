// SPDX-License-Identifier: Apache-2.0
import Glibc
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

/// Hands over the content of a file without a copy of it, for the duration of the call.
///
/// Nil for a file that cannot be mapped: sysfs hands the kernel's BTF out this way since Linux 6.16.
@inline(never)
func withMapped<Result>(_ path: FilePath, _ body: (RawSpan) -> Result) -> Result? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    defer { try? file.close() }
    guard let size = try? Int(file.seek(offset: 0, from: .end)), size > 0 else { return nil }
    let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0)
    guard unsafe address != MAP_FAILED else { return nil }
    defer { unsafe munmap(address, size) }
    return unsafe body(UnsafeRawBufferPointer(start: address, count: size).bytes)
}
