// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Owns an epoll instance: one descriptor to wait on for very many.
struct EventQueue: ~Copyable {
    private let file: Descriptor

    init() throws(HostError) {
        file = try Descriptor(epoll_create1(CInt(EPOLL_CLOEXEC)), cannot: "wait for many files at once")
    }

    var descriptor: CInt { file.number }

    /// Reports `key` whenever `descriptor` is readable. Closing the descriptor takes it out.
    borrowing func add(_ descriptor: CInt, key: UInt32) {
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue
        unsafe event.data.u32 = key
        unsafe epoll_ctl(file.number, EPOLL_CTL_ADD, descriptor, &event)
    }

    /// The keys of what is readable now, at most 128 at a time; the rest is still there the next time.
    borrowing func ready() -> [UInt32] {
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 128)
        let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
            unsafe epoll_wait(file.number, buffer.baseAddress, CInt(buffer.count), 0)
        }
        return unsafe events.prefix(max(Int(count), 0)).map { unsafe $0.data.u32 }
    }
}
