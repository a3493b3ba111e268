// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Packets
import Testing

@testable import Host

/// With whom a namespace has TCP connections.
@Suite struct ConnectionTests {
    /// A connection over loopback in the calling thread's namespace, to an address of 127/8 or its form in IPv6.
    private func connect(_ family: Int32, _ address: String) throws -> (listener: Int32, client: Int32) {
        let listener = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let client = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(listener >= 0 && client >= 0)
        var storage = sockaddr_storage()
        var size: socklen_t
        if family == AF_INET {
            size = socklen_t(MemoryLayout<sockaddr_in>.size)
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                var name = sockaddr_in()
                name.sin_family = sa_family_t(AF_INET)
                _ = unsafe inet_pton(AF_INET, address, &name.sin_addr)
                unsafe bytes.storeBytes(of: name, as: sockaddr_in.self)
            }
        } else {
            size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                var name = sockaddr_in6()
                name.sin6_family = sa_family_t(AF_INET6)
                _ = unsafe inet_pton(AF_INET6, address, &name.sin6_addr)
                unsafe bytes.storeBytes(of: name, as: sockaddr_in6.self)
            }
        }
        let result = unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                guard unsafe Glibc.bind(listener, name, size) == 0, listen(listener, 1) == 0,
                    unsafe getsockname(listener, name, &size) == 0
                else { return -1 }
                return Int(unsafe Glibc.connect(client, name, size))
            }
        }
        try #require(result == 0, "errno \(errno)")
        return (listener, client)
    }

    @Test func `a connection is found by its other end, and nothing else is`() throws {
        let asked: Set<IPv4Address> = [try #require(IPv4Address("127.0.0.77")), try #require(IPv4Address("192.0.2.9"))]
        #expect(try ConnectionReader.connected(among: asked) == [])
        let ends = try connect(AF_INET, "127.0.0.77")
        #expect(try ConnectionReader.connected(among: asked) == [try #require(IPv4Address("127.0.0.77"))])
        close(ends.client)
        close(ends.listener)
    }

    @Test func `an IPv6 socket with an IPv4 peer counts`() throws {
        let ends = try connect(AF_INET6, "::ffff:127.0.0.78")
        let address = try #require(IPv4Address("127.0.0.78"))
        #expect(try ConnectionReader.connected(among: [address]) == [address])
        close(ends.client)
        close(ends.listener)
    }

    @Test func `a socket that only listens is no connection`() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        #expect(listen(listener, 1) == 0)
        #expect(try ConnectionReader.connected(among: [.unspecified]) == [])
        close(listener)
    }
}
