// SPDX-License-Identifier: Apache-2.0
import CEvent
import Packets

extension SysctlWrite {
    /// Decodes one record of the ring buffer of writes (`struct rpfw_write` in bpf/event.h); nil for another size or
    /// layout version, and for a sysctl that is not one of an interface. `executable` stays nil.
    package init?(record: RawSpan) {
        guard record.byteCount == MemoryLayout<rpfw_write>.size else { return nil }
        // Safe: the size is checked, and rpfw_write is integers only.
        self.init(unsafe record.unsafeLoadUnaligned(as: rpfw_write.self))
    }

    private init?(_ raw: rpfw_write) {
        guard raw.abi == RPFW_ABI, let (scope, key) = Self.place(text(of: raw.name)) else { return nil }
        self.init(
            namespaceInode: raw.netns_inode, namespaceCookie: raw.netns_cookie, time: raw.time_ns,
            scope: InterfaceName(bytes: scope), key: String(decoding: key, as: UTF8.self),
            before: Self.number(text(of: raw.before)), after: Self.number(text(of: raw.after)),
            process: Process(id: raw.process, command: String(decoding: text(of: raw.comm), as: UTF8.self)),
            parent: Process(id: raw.parent, command: String(decoding: text(of: raw.parent_comm), as: UTF8.self)))
    }

    /// `net/ipv4/conf/eth0.100/rp_filter` taken apart. A name of an interface has no slash.
    private static func place(_ path: [UInt8]) -> (scope: [UInt8], key: [UInt8])? {
        // The same value under another name (`net/ipv4/devinet.c`, ctl_forward_entry).
        if path == Array("net/ipv4/ip_forward".utf8) { return (Array("all".utf8), Array("forwarding".utf8)) }
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0...2].elementsEqual(["net", "ipv4", "conf"].map { Array($0.utf8)[...] }) else {
            return nil
        }
        return (Array(parts[3]), Array(parts[4]))
    }

    /// A number as the kernel reads it from a sysctl (`kernel/sysctl.c`, proc_get_long): white space before it, a sign,
    /// decimal, octal or hexadecimal digits, white space or nothing behind.
    private static func number(_ text: [UInt8]) -> Int32? {
        var rest = text.drop(while: isSpace)
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        rest = rest.prefix { !isSpace($0) }
        var base = 10
        if rest.count > 1 && rest.first == UInt8(ascii: "0") {
            let isHexadecimal = rest.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
            base = isHexadecimal ? 16 : 8
            rest = rest.dropFirst(isHexadecimal ? 2 : 1)
        }
        guard rest.first.map({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) ?? false,
            let value = Int64(String(decoding: rest, as: UTF8.self), radix: base)
        else { return nil }
        return Int32(exactly: isNegative ? -value : value)
    }

    private static func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }
}

/// The octets of a C array up to the first zero.
private func text<Tuple: BitwiseCopyable>(of tuple: Tuple) -> [UInt8] {
    unsafe withUnsafeBytes(of: tuple) { unsafe Array($0.prefix { $0 != 0 }) }
}
