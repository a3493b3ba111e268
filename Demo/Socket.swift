// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Packets

/// A non-blocking IPv4 socket of the namespace in which it was made.
struct Socket: Sendable {
    private let descriptor: Descriptor
    private static let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)

    /// A TCP server.
    init(listeningOn address: IPv4Address, _ port: UInt16) throws {
        try self.init(SOCK_STREAM)
        try bind(address, port)
        try check(listen(descriptor.number, 8), "listen", address, port)
    }

    /// A UDP server.
    init(boundTo address: IPv4Address, _ port: UInt16) throws {
        try self.init(SOCK_DGRAM)
        try bind(address, port)
    }

    /// A TCP client whose connection is under way.
    init(connectingTo address: IPv4Address, _ port: UInt16) throws {
        try self.init(SOCK_STREAM)
        try connect(address, port)
    }

    /// A UDP client.
    init(sendingTo address: IPv4Address, _ port: UInt16) throws {
        try self.init(SOCK_DGRAM)
        try connect(address, port)
    }

    private init(_ type: __socket_type) throws {
        let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let result = socket(AF_INET, Int32(type.rawValue | flags), 0)
        descriptor = try Descriptor(result < 0 ? -errno : result, "socket", "")
    }

    /// False while a connection is not there yet.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return unsafe Glibc.send(descriptor.number, bytes, bytes.count, Self.flags) == bytes.count
    }

    /// What has arrived; nil when nothing has.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe recv(descriptor.number, &bytes, bytes.count, Self.flags)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Answers one datagram, if there is one and it is the question.
    func answer(_ question: String, with text: String) {
        var bytes = [UInt8](repeating: 0, count: 64)
        var asker = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &asker) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { asker in
                let count = unsafe recvfrom(descriptor.number, &bytes, bytes.count, Self.flags, asker, &length)
                guard count > 0, String(decoding: bytes.prefix(count), as: UTF8.self) == question else { return }
                let answer = Array(text.utf8)
                unsafe sendto(descriptor.number, answer, answer.count, Self.flags, asker, length)
            }
        }
    }

    /// The next connection; nil when there is none.
    func accept() -> Socket? {
        (try? Descriptor(Glibc.accept(descriptor.number, nil, nil), "accept", "")).map(Socket.init(accepted:))
    }

    /// Waits until one of them can go on, or the time is over.
    static func wait(toRead: [Socket], toWrite: [Socket], milliseconds: Int32) {
        var entries =
            toRead.map { pollfd(fd: $0.descriptor.number, events: Int16(POLLIN), revents: 0) }
            + toWrite.map { pollfd(fd: $0.descriptor.number, events: Int16(POLLOUT), revents: 0) }
        unsafe poll(&entries, nfds_t(entries.count), milliseconds)
    }

    private init(accepted: Descriptor) { descriptor = accepted }

    private func bind(_ address: IPv4Address, _ port: UInt16) throws {
        var yes: Int32 = 1
        // The demo asks again and again; connections of the last time still wait for their end.
        unsafe setsockopt(descriptor.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe withAddress(address, port) { unsafe Glibc.bind(descriptor.number, $0, $1) }
        try check(result, "bind", address, port)
    }

    private func connect(_ address: IPv4Address, _ port: UInt16) throws {
        let result = unsafe withAddress(address, port) { unsafe Glibc.connect(descriptor.number, $0, $1) }
        if result != 0 && errno == EINPROGRESS { return }
        try check(result, "connect", address, port)
    }

    private func check(_ result: Int32, _ call: String, _ address: IPv4Address, _ port: UInt16) throws {
        if result != 0 { throw LabError(call, "\(address):\(port)", errno: errno) }
    }
}

private func withAddress(
    _ address: IPv4Address, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address.rawValue.bigEndian
    return unsafe withUnsafePointer(to: &name) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
