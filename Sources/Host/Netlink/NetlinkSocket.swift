// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage

/// Owns a netlink socket, of rtnetlink if nothing else is said. It belongs to the network namespace that the thread was in when it was made, whichever
/// thread uses it later, and keeps that namespace alive.
struct NetlinkSocket: ~Copyable {
    let descriptor: Descriptor
    private var sequence: UInt32 = 0
    private var buffer: [UInt8] = []

    /// The kernel fills a message of a dump up to the size of the reader's buffer, and never above 32 KiB.
    static let bufferSize = 1 << 16
    /// A dump that a change interrupted may show both or neither state: it is asked again this often.
    private static let attempts = 5

    /// `groups`: what to be told about changes of; none for questions only.
    init(
        groups: [rtnetlink_groups] = [], receiveBuffer: CInt = 1 << 20, family: CInt = NETLINK_ROUTE
    ) throws(HostError) {
        let type = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let file = try Descriptor(socket(AF_NETLINK, type, family), cannot: "open a netlink socket")
        // Beyond the system's limit only with CAP_NET_ADMIN; a smaller buffer loses nothing but time or a notification.
        if !set(file.number, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) {
            _ = set(file.number, SOL_SOCKET, SO_RCVBUF, receiveBuffer)
        }
        // A socket without an address counts as the kernel itself and is passed over by its announcements.
        guard bindToAnyAddress(file.number) else { throw HostError(errno: .current, cannot: "bind a netlink socket") }
        for group in groups {
            // Nexthop objects came with Linux 5.3.
            guard
                set(file.number, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, CInt(group.rawValue)) || group == RTNLGRP_NEXTHOP
            else {
                throw HostError(errno: .current, cannot: "watch a namespace for changes")
            }
        }
        descriptor = file
    }

    /// Talks to whatever is at the other end of a connected datagram socket.
    init(connected descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// SO_NETNS_COOKIE of the namespace the socket belongs to; nil before Linux 5.14.
    var namespaceCookie: UInt64? {
        var cookie: UInt64 = 0
        var size = socklen_t(MemoryLayout<UInt64>.size)
        let status = unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size)
        return status == 0 && cookie != 0 ? cookie : nil
    }

    /// Whether the kernel takes every field of a dump's request at its word, and refuses one that it does not know
    /// (NETLINK_GET_STRICT_CHK, Linux 4.20).
    func checkStrictly(_ isStrict: Bool) throws(HostError) {
        guard set(descriptor.number, SOL_NETLINK, NETLINK_GET_STRICT_CHK, isStrict ? 1 : 0) else {
            throw HostError(errno: .current, cannot: "ask for a part of", "the kernel's tables")
        }
    }

    /// Sends a dump request and calls `body` with each message of the answer. `body` may see the beginning of a dump
    /// that is then asked again: `restart` is called before each attempt.
    mutating func dump(
        _ request: NetlinkRequest, _ subject: String, restart: () -> Void = {},
        _ body: (_ kind: Int, _ payload: RawSpan) -> Void
    ) throws(HostError) {
        for attempt in 1... {
            restart()
            try send(request, subject)
            var interrupted = false
            var isDone = false
            while !isDone {
                let count = try receive(subject)
                try answers(count) { (header, payload) throws(HostError) in
                    if Int32(header.nlmsg_flags) & NLM_F_DUMP_INTR != 0 { interrupted = true }
                    switch Int32(header.nlmsg_type) {
                    case NLMSG_DONE:
                        // A dump that ends early says so in the number after the header.
                        try check(payload.load(Int32.self) ?? 0, subject)
                        isDone = true
                    case NLMSG_ERROR:
                        try check(payload.load(Int32.self) ?? -EBADMSG, subject)
                        isDone = true
                    case NLMSG_NOOP, NLMSG_OVERRUN: break
                    default: body(Int(header.nlmsg_type), payload)
                    }
                }
            }
            // Where something changes all the time the last dump is as good as the next one.
            if !interrupted || attempt == Self.attempts { return }
        }
    }

    /// Sends one question and calls `body` with the answer; an error message of the kernel is thrown as its errno.
    mutating func ask(_ request: NetlinkRequest, _ subject: String, _ body: (RawSpan) -> Void) throws(HostError) {
        try send(request, subject)
        var isDone = false
        while !isDone {
            let count = try receive(subject)
            try answers(count) { (header, payload) throws(HostError) in
                if Int32(header.nlmsg_type) == NLMSG_ERROR {
                    try check(payload.load(Int32.self) ?? -EBADMSG, subject)
                } else {
                    body(payload)
                }
                isDone = true
            }
        }
    }

    /// Calls `body` with the notifications that have come, without waiting; at most `limit` datagrams, which is lowered
    /// by those read, so that a flood of changes cannot hold the caller. False when some were lost because they came
    /// faster than they were read. `buffer` is the caller's because there may be very many sockets.
    borrowing func drainNotifications(
        limit: inout Int, using buffer: inout [UInt8], _ body: (nlmsghdr, RawSpan) -> Void
    ) -> Bool {
        var isComplete = true
        while limit > 0 {
            limit -= 1
            let count = receiveOnce(descriptor.number, into: &buffer, flags: CInt(MSG_DONTWAIT))
            if count > 0 {
                let message = unsafe buffer.span.bytes.extracting(0..<min(count, buffer.count))
                message.forEachMessage { body($0, $1) }
                if count > buffer.count { isComplete = false }
            } else if Errno.current == .noBufferSpace {
                isComplete = false
            } else if Errno.current != .interrupted {
                break
            }
        }
        return isComplete
    }

    private mutating func send(_ request: NetlinkRequest, _ subject: String) throws(HostError) {
        sequence += 1
        let message = request.message(sequence: sequence)
        let count = unsafe message.withUnsafeBytes { bytes in
            unsafe Glibc.send(descriptor.number, bytes.baseAddress, bytes.count, 0)
        }
        guard count == message.count else { throw HostError(errno: .current, cannot: "ask the kernel for", subject) }
    }

    /// Waits for one datagram; its length, never more than the buffer.
    private mutating func receive(_ subject: String) throws(HostError) -> Int {
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: Self.bufferSize) }
        while true {
            let count = receiveOnce(descriptor.number, into: &buffer, flags: 0)
            if count > buffer.count {
                throw HostError(.failed, cannot: "read the kernel's", subject, reason: "a message was cut short")
            }
            if count > 0 { return count }
            if count < 0 && Errno.current == .interrupted { continue }
            throw HostError(errno: count == 0 ? .ioError : .current, cannot: "read the kernel's", subject)
        }
    }

    /// The messages of the buffer that answer the request sent last.
    private borrowing func answers(
        _ count: Int, _ body: (nlmsghdr, RawSpan) throws(HostError) -> Void
    ) throws(HostError) {
        let expected = sequence
        let message = unsafe buffer.span.bytes.extracting(0..<count)
        try message.forEachMessage { (header, payload) throws(HostError) in
            if header.nlmsg_seq == expected { try body(header, payload) }
        }
    }
}

/// One datagram's length, which may be more than the buffer; -1 and errno when there is none.
private func receiveOnce(_ number: CInt, into buffer: inout [UInt8], flags: CInt) -> Int {
    unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe recv(number, bytes.baseAddress, bytes.count, flags | CInt(MSG_TRUNC))
    }
}

private func bindToAnyAddress(_ number: CInt) -> Bool {
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    return unsafe withUnsafePointer(to: &address) { address in
        unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe bind(number, address, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
        }
    }
}

private func set(_ number: CInt, _ level: CInt, _ option: CInt, _ value: CInt) -> Bool {
    var value = value
    return unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size)) == 0
}

private func check(_ status: Int32, _ subject: String) throws(HostError) {
    if status < 0 { throw HostError(errno: Errno(rawValue: -status), cannot: "ask the kernel for", subject) }
}
