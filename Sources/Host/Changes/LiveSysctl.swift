// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Packets
import SystemPackage

/// A value under `net.ipv4.conf` of the network namespace that the calling thread is in.
struct LiveSysctl {
    /// Where /proc/sys shows the interface now, which may have been renamed; nil when it is gone.
    private let path: FilePath?
    private let name: String

    init(_ change: SysctlChange) {
        name = change.name
        var directory: [UInt8]? = change.directory.bytes
        if let interface = change.interface { directory = interfaceName(interface)?.bytes }
        path = directory.map {
            FilePath("/proc/sys/net/ipv4/conf").appending(bytes: $0).appending(bytes: Array(change.key.utf8))
        }
    }

    /// What the kernel shows, without the newline; nil when there is no such value any more.
    var value: String? { path.flatMap { Files.line($0) } }

    func write(_ value: String) throws(HostError) {
        guard let path else { throw HostError(.gone, cannot: "write", name, reason: "the interface is gone") }
        do {
            let file = try FileDescriptor.open(path, .writeOnly)
            _ = try file.closeAfter { try file.writeAll((value + "\n").utf8) }
        } catch {
            throw HostError(errno: error as? Errno ?? .ioError, cannot: "write", name)
        }
    }
}

/// The name that an interface of the calling thread's network namespace has now.
func interfaceName(_ index: UInt32) -> InterfaceName? {
    var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard unsafe if_indextoname(index, &buffer) != nil else { return nil }
    return InterfaceName(bytes: buffer.map { UInt8(bitPattern: $0) })
}
