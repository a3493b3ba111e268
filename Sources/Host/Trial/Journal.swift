// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Packets
import SystemPackage

/// The system's journal: systemd's where it runs, else syslog. What cannot be written is lost; nothing depends on it.
package struct Journal: ~Copyable {
    /// Negative when there is neither.
    private let number: CInt
    private let isNative: Bool

    package init() {
        let native = Self.connect("/run/systemd/journal/socket")
        isNative = native >= 0
        number = isNative ? native : Self.connect("/dev/log")
    }

    deinit {
        if number >= 0 { _ = close(number) }
    }

    /// One line, at the level `notice`. `fields` are names in capitals and what they are for this line.
    package borrowing func write(_ line: String, fields: [(String, String)] = []) {
        guard number >= 0 else { return }
        // Neither form can hold a line break in a line.
        let line = terminalSafe(line)
        var text: String
        if isNative {
            text = "PRIORITY=5\nSYSLOG_IDENTIFIER=rpfwatch\nMESSAGE=\(line)\n"
            for (name, value) in fields { text += "\(name)=\(terminalSafe(value))\n" }
        } else {
            // Facility daemon, level notice (RFC 3164).
            text = "<29>rpfwatch[\(getpid())]: \(line)"
        }
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe send(number, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) }
    }

    /// A socket that is connected to one of that path; negative when nobody listens there.
    private static func connect(_ path: String) -> CInt {
        let number = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix($0.count - 1))
        }
        let isConnected = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(number, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard !isConnected else { return number }
        _ = close(number)
        return -1
    }
}
