// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Packets

/// Sends UDP packets with any source address from the namespace that the calling thread is in.
enum RawSender {
    static func send(from source: IPv4Address, to destination: IPv4Address, count: Int) {
        let descriptor = socket(AF_INET, CInt(SOCK_RAW.rawValue), CInt(IPPROTO_RAW))
        defer { close(descriptor) }
        var packet: [UInt8] = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]
        for address in [source, destination] {
            packet += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
        }
        packet += [0x9C, 0x40, 0, 9, 0, 8, 0, 0]
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_addr.s_addr = destination.rawValue.bigEndian
        for _ in 0..<count {
            _ = unsafe withUnsafePointer(to: &target) { target in
                unsafe target.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                    unsafe packet.withUnsafeBytes { bytes in
                        unsafe sendto(
                            descriptor, bytes.baseAddress, bytes.count, 0, target,
                            socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
        }
    }
}
