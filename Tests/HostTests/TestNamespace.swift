// SPDX-License-Identifier: Apache-2.0
import Glibc
import Host
import Testing

/// A network namespace with a unique name in /run/netns that is deleted at the end of its life.
final class TestNamespace: Sendable {
    let name: String

    static let isRoot = geteuid() == 0
    static let requiresRoot: Comment = "network namespaces can only be made as root"

    init(_ label: String) throws {
        name = "host-\(label)-\(getpid())-\(UInt32.random(in: 0..<0xFFFF))"
        try Self.run("ip", ["netns", "add", name])
    }

    deinit {
        delete()
    }

    func delete() {
        _ = try? Command.patiently("ip", ["netns", "del", name])
    }

    /// `ip -n NAME …`
    func ip(_ arguments: String) throws {
        try Self.run("ip", ["-n", name] + arguments.split(separator: " ").map(String.init))
    }

    func hasLink(_ link: String) -> Bool {
        (try? Command.patiently("ip", ["-n", name, "link", "show", link]))?.status == 0
    }

    /// `ip netns exec NAME …`
    func exec(_ arguments: [String]) throws {
        try Self.run("ip", ["netns", "exec", name] + arguments)
    }

    /// Sets sysctls by their path under /proc/sys/net/ipv4.
    func sysctl(_ path: String, _ value: Int) throws {
        try exec(["/bin/sh", "-c", "echo \"$2\" > \"/proc/sys/net/ipv4/$1\"", "sh", path, "\(value)"])
    }

    func open() throws -> NetworkNamespace {
        try NetworkNamespace(path: "/run/netns/\(name)")
    }

    static func run(_ program: String, _ arguments: [String]) throws {
        let output = try Command.patiently(program, arguments)
        try #require(
            output.status == 0,
            "\(program) \(arguments.joined(separator: " ")): \(String(decoding: output.standardError, as: UTF8.self))")
    }
}

extension Command {
    /// Runs a program that is sure to end, however busy the machine is.
    static func patiently(_ name: String, _ arguments: [String]) throws(HostError) -> Output {
        try run(name, arguments, timeout: 60_000_000_000)
    }
}
