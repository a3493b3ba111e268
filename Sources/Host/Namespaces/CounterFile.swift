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
///
/// Reads no further than it has to: it runs for every namespace in the moments that bracket an attach.
func counter(_ name: String, of group: String, in text: ArraySlice<UInt8>) -> UInt64? {
    let prefix = Array("\(group): ".utf8)
    let wanted = Array(name.utf8)
    guard let names = fields(after: prefix, in: text) else { return nil }
    var column = 0
    var position = names.startIndex
    while position < names.endIndex {
        let end = names[position...].firstIndex { $0 == fieldSeparator || $0 == lineSeparator } ?? names.endIndex
        if names[position..<end].elementsEqual(wanted) {
            guard let values = fields(after: prefix, in: names[end...]) else { return nil }
            return number(column, in: values)
        }
        if end == names.endIndex || names[end] == lineSeparator { return nil }
        position = end + 1
        column += 1
    }
    return nil
}

private let fieldSeparator = UInt8(ascii: " ")
private let lineSeparator = UInt8(ascii: "\n")

/// What follows the prefix of the first line that has it, to the end of the text.
private func fields(after prefix: [UInt8], in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var line = text
    while !line.isEmpty {
        if line.starts(with: prefix) { return line.dropFirst(prefix.count) }
        guard let end = line.firstIndex(of: lineSeparator) else { return nil }
        line = line[(end + 1)...]
    }
    return nil
}

private func number(_ column: Int, in values: ArraySlice<UInt8>) -> UInt64? {
    var column = column
    var result: UInt64?
    for byte in values {
        switch byte {
        case lineSeparator: return column == 0 ? result : nil
        case fieldSeparator:
            if column == 0 { return result }
            column -= 1
        case 0x30...0x39 where column == 0:
            result = (result ?? 0) &* 10 &+ UInt64(byte - 0x30)
        default: if column == 0 { return nil }
        }
    }
    return column == 0 ? result : nil
}
