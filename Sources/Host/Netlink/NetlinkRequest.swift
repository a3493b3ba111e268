// SPDX-License-Identifier: Apache-2.0
import CLinux
import Packets

/// A netlink request being put together; the length is filled in when it is sent.
struct NetlinkRequest {
    let kind: UInt16
    let flags: UInt16
    private(set) var payload: [UInt8]

    /// `kind` is RTM_GET…, `body` the structure that this kind begins with.
    init(_ kind: Int, flags: Int32, body: some BitwiseCopyable) {
        self.kind = UInt16(kind)
        self.flags = UInt16(NLM_F_REQUEST | flags)
        payload = octets(of: body)
        pad()
    }

    /// A request for everything of a kind.
    static func dump(_ kind: Int, body: some BitwiseCopyable) -> Self {
        Self(kind, flags: NLM_F_DUMP, body: body)
    }

    /// Adds an attribute; a number stands in host byte order.
    mutating func append(_ kind: Int, _ value: some BitwiseCopyable) {
        append(kind, octets: octets(of: value))
    }

    /// Adds an attribute of any octets, such as a name with its zero.
    mutating func append(_ kind: Int, octets value: [UInt8]) {
        let header = rtattr(
            rta_len: UInt16(MemoryLayout<rtattr>.size + value.count), rta_type: UInt16(truncatingIfNeeded: kind))
        payload += octets(of: header)
        payload += value
        pad()
    }

    /// Adds an address in network byte order.
    mutating func append(_ kind: Int, _ address: IPv4Address) {
        append(kind, address.rawValue.bigEndian)
    }

    mutating func append(_ kind: Int, _ address: IPv6Address) {
        append(kind, (address.high.bigEndian, address.low.bigEndian))
    }

    /// The message as it goes to the kernel.
    func message(sequence: UInt32) -> [UInt8] {
        let header = nlmsghdr(
            nlmsg_len: UInt32(MemoryLayout<nlmsghdr>.size + payload.count), nlmsg_type: kind, nlmsg_flags: flags,
            nlmsg_seq: sequence, nlmsg_pid: 0)
        return octets(of: header) + payload
    }

    private mutating func pad() {
        payload += [UInt8](repeating: 0, count: netlinkAligned(payload.count) - payload.count)
    }
}

private func octets(of value: some BitwiseCopyable) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}
