// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab

/// The counters of a namespace that tell what became of a packet, fast enough to be read around each one.
final class PacketCounters {
    struct Reading: Hashable {
        /// Ip InReceives.
        var received = 0
        /// Ip InDelivers and InUnknownProtos.
        var delivered = 0
        /// Ip ForwDatagrams.
        var forwarded = 0
        /// Ip ReasmReqds: fragments that wait for the others, on this host's behalf.
        var reassembled = 0
        /// Ip InAddrErrors: not for this host, which does not forward.
        var addressErrors = 0
        /// IpExt InNoRoutes.
        var noRoutes = 0
        /// TcpExt IPReversePathFilter.
        var reversePathFilter = 0
    }

    private let files: [Descriptor]
    private var buffer = [UInt8](repeating: 0, count: 1 << 14)
    private static var names: [(group: String, name: String, path: WritableKeyPath<Reading, Int>)] {
        [
            ("Ip:", "InReceives", \.received), ("Ip:", "InDelivers", \.delivered),
            ("Ip:", "InUnknownProtos", \.delivered), ("Ip:", "ForwDatagrams", \.forwarded),
            ("Ip:", "ReasmReqds", \.reassembled), ("Ip:", "InAddrErrors", \.addressErrors),
            ("IpExt:", "InNoRoutes", \.noRoutes), ("TcpExt:", "IPReversePathFilter", \.reversePathFilter),
        ]
    }
    /// By group: the counters by their column, from 1. The kernel names them in the line before the values.
    private var columns: [[UInt8]: [Int: WritableKeyPath<Reading, Int>]] = [:]

    init(of namespace: Namespace) throws {
        files = try ["snmp", "netstat"].map { name in
            try namespace.enter {
                // /proc/thread-self ends with the thread, an open file does not.
                let path = "/proc/thread-self/net/\(name)"
                let result = unsafe open(path, O_RDONLY | O_CLOEXEC)
                return try Descriptor(result < 0 ? -errno : result, "open", path)
            }
        }
        for file in files {
            let lines = String(decoding: try text(of: file), as: UTF8.self).split(separator: "\n")
            for line in lines {
                let words = line.split(separator: " ")
                for (column, word) in words.enumerated().dropFirst() {
                    for entry in Self.names where entry.group == words[0] && entry.name == word {
                        columns[Array(entry.group.utf8), default: [:]][column] = entry.path
                    }
                }
            }
        }
        guard columns.values.reduce(0, { $0 + $1.count }) == Self.names.count else {
            throw LabError("/proc/net/snmp and netstat lack a counter")
        }
    }

    func read() throws -> Reading {
        var reading = Reading()
        for file in files {
            for line in try text(of: file).split(separator: 0x0A) {
                let words = line.split(separator: 0x20)
                // The names' line begins a word with a letter.
                guard words.count > 1, let first = words[1].first, first <= 0x39,
                    let wanted = columns[Array(words[0])]
                else { continue }
                for (column, path) in wanted {
                    reading[keyPath: path] += words[column].reduce(0) { $0 &* 10 &+ Int($1) - 0x30 }
                }
            }
        }
        return reading
    }

    private func text(of file: Descriptor) throws -> ArraySlice<UInt8> {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe pread(file.number, $0.baseAddress, $0.count, 0)
        }
        guard count > 0 else { throw LabError("read", "/proc/net/snmp", errno: errno) }
        return buffer[..<count]
    }
}
