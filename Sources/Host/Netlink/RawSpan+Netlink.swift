// SPDX-License-Identifier: Apache-2.0
import CLinux
import Packets

/// Bounds-checked reading of netlink messages. Everything is nil or ends early where the octets do; nothing traps.
extension RawSpan {
    /// The structure or number at `offset`, in host byte order and of any alignment.
    func load<T: BitwiseCopyable>(_ type: T.Type, at offset: Int = 0) -> T? {
        guard offset >= 0, byteCount >= MemoryLayout<T>.size, offset <= byteCount - MemoryLayout<T>.size else {
            return nil
        }
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// All octets.
    var octets: [UInt8] { (0..<byteCount).map { unsafe unsafeLoadUnaligned(fromByteOffset: $0, as: UInt8.self) } }

    /// A NUL-terminated string attribute; the NUL may be missing.
    var name: InterfaceName { InterfaceName(bytes: octets) }

    /// An IPv4 address attribute in network byte order.
    var address: IPv4Address? { load(UInt32.self).map { IPv4Address(bigEndian: $0) } }

    /// Calls `body` with each attribute of `rtattr` form from `offset` on, without the nested and byte order flags.
    func forEachAttribute<E: Error>(
        from offset: Int = 0, _ body: (_ kind: Int, _ value: RawSpan) throws(E) -> Void
    ) throws(E) {
        let headerSize = MemoryLayout<rtattr>.size
        var position = offset
        while let header = load(rtattr.self, at: position) {
            let length = Int(header.rta_len)
            guard length >= headerSize, length <= byteCount - position else { return }
            let kind = Int(header.rta_type) & ~Int(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
            try body(kind, extracting(position + headerSize..<position + length))
            position += netlinkAligned(length)
        }
    }

    /// Calls `body` with each netlink message: its header and what follows it.
    func forEachMessage<E: Error>(_ body: (_ header: nlmsghdr, _ payload: RawSpan) throws(E) -> Void) throws(E) {
        let headerSize = MemoryLayout<nlmsghdr>.size
        var position = 0
        while let header = load(nlmsghdr.self, at: position) {
            let length = Int(header.nlmsg_len)
            guard length >= headerSize, length <= byteCount - position else { return }
            try body(header, extracting(position + headerSize..<position + length))
            position += netlinkAligned(length)
        }
    }
}

/// NLMSG_ALIGN and RTA_ALIGN: the next multiple of four.
func netlinkAligned(_ length: Int) -> Int {
    let unit = Int(NLMSG_ALIGNTO)
    return (length + unit - 1) & ~(unit - 1)
}
