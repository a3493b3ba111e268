// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Reads a file, or standard input for `-`, from beginning to end in pieces of bounded size.
package func readInput(
    _ path: String, remedy: String = "give a file that `rpfwatch trace --json` wrote, or pipe it in",
    _ body: (ArraySlice<UInt8>) -> Void
) throws(HostError) {
    do {
        let file = path == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(FilePath(path), .readOnly)
        defer { if path != "-" { try? file.close() } }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            guard count > 0 else { return }
            body(chunk[..<count])
        }
    } catch {
        let errno = error as? Errno ?? .ioError
        throw HostError(
            errno: errno, cannot: "read", path == "-" ? "standard input" : path,
            remedy: [.notPermitted, .permissionDenied].contains(errno)
                ? nil : remedy)
    }
}
