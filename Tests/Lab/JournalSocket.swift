// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The end of the system's journal that programs write to, for what they write to be read.
package final class JournalSocket {
    private let socket: Descriptor

    /// As `journal/socket` below a folder, which takes the place of /run/systemd.
    package init(in folder: TemporaryFolder) throws(LabError) {
        let directory = "\(folder.path)/journal"
        guard unsafe mkdir(directory, 0o755) == 0 else { throw LabError("mkdir", directory, errno: errno) }
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        socket = try Descriptor(number < 0 ? -errno : number, "socket", "")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: "\(directory)/socket".utf8.prefix($0.count - 1))
        }
        let isBound = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(number, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw LabError("bind", directory, errno: errno) }
    }

    /// The datagrams that have come.
    package func received() -> [String] {
        var result: [String] = []
        while socket.isReadable(within: 50), let bytes = socket.readSome() {
            result.append(String(decoding: bytes, as: UTF8.self))
        }
        return result
    }
}
