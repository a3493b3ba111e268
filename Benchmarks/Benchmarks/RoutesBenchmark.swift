// SPDX-License-Identifier: Apache-2.0
import Lab
import ModelLab
import Packets

/// A full table: how long it takes to read, how much memory it takes, and what a reverse lookup in it costs beside the
/// kernel's own.
///
/// The namespace has the routes and nothing else; no packet is sent. Each round is a program of its own, so that
/// nothing of an earlier one is in its memory.
struct RoutesBenchmark {
    private static let routes = 1_000_000
    private static let rounds = 5

    func run() throws {
        let namespace = try Namespace("routes")
        try Self.fill(namespace)
        var columns = Array(repeating: Rounds(), count: RouteLoad.figures.count)
        for _ in 0..<Self.rounds {
            let output = try runSuccessfully(["/proc/self/exe", RouteLoad.argument, namespace.path])
            let values = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard values.count == columns.count else { throw LabError("a round printed “\(output)”") }
            for (index, value) in values.enumerated() { columns[index].add(value) }
        }
        print("Routes: \(Self.rounds) programs, each reads a namespace with \(Self.routes) routes, then looks up")
        print("  \(RouteLoad.lookups) and asks the kernel \(RouteLoad.questions) times; median (min to max)")
        for (name, column) in zip(RouteLoad.figures, columns) {
            print("  \(name)\(String(repeating: " ", count: max(62 - name.count, 0)))\(column.summary)")
        }
    }

    /// Prefixes in about the mixture of lengths of the Internet's table, through many gateways on one interface.
    private static func fill(_ namespace: Namespace) throws {
        try namespace.run(["ip", "-batch", "-"], input: RouteLoad.host)
        var random = SeededGenerator(state: 1)
        var taken: Set<IPv4Prefix> = []
        var lines = ""
        lines.reserveCapacity(routes * 64)
        while taken.count < routes {
            let draw = UInt8.random(in: 0..<100, using: &random)
            let length: UInt8 =
                switch draw {
                case 0..<58: 24
                case 58..<70: 23
                case 70..<82: 22
                case 82..<88: 21
                case 88..<93: 20
                case 93..<99: UInt8.random(in: 12...19, using: &random)
                default: UInt8.random(in: 25...32, using: &random)
                }
            let address = UInt32.random(in: 0x0100_0000..<0xDF00_0000, using: &random)
            let prefix = IPv4Prefix(IPv4Address(rawValue: address), length: length)
            guard address >> 24 != 127, address >> 8 != 0xC0_0002, taken.insert(prefix).inserted else { continue }
            lines += "route add \(prefix) via 192.0.2.\(UInt8.random(in: 2...65, using: &random)) dev v0\n"
        }
        try namespace.run(["ip", "-batch", "-"], input: lines)
    }
}
