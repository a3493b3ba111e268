// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// An open /proc/…/net/netstat: shows the counters of the network namespace it was opened in, whoever reads it, and
/// keeps that namespace alive.
struct CounterFile: ~Copyable {
    private let descriptor: Descriptor

    init(_ path: FilePath) throws(HostError) {
        descriptor = try Descriptor(reading: path)
    }

    /// `TcpExt: IPReversePathFilter`; nil when it cannot be read. `buffer` is scratch space for the file.
    borrowing func reversePathFilter(using buffer: inout [UInt8]) -> UInt64? {
        guard let count = try? descriptor.read(at: 0, into: &buffer) else { return nil }
        return counter("IPReversePathFilter", of: "TcpExt", in: buffer.prefix(count))
    }
}

/// A counter of a /proc/net/netstat or /proc/net/snmp file: each group has a line of names and a line of values.
func counter(_ name: String, of group: String, in text: ArraySlice<UInt8>) -> UInt64? {
    let space = UInt8(ascii: " ")
    let prefix = Array(group.utf8) + Array(": ".utf8)
    let wanted = Array(name.utf8)
    var position: Int?
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: prefix) {
        let fields = line.dropFirst(prefix.count)
        guard let index = position else {
            guard let found = fields.split(separator: space).firstIndex(where: { $0.elementsEqual(wanted) }) else {
                return nil
            }
            position = found
            continue
        }
        let values = fields.split(separator: space, maxSplits: index + 1)
        return index < values.count ? UInt64(String(decoding: values[index], as: UTF8.self)) : nil
    }
    return nil
}
