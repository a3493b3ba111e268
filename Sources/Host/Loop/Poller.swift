// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Waits for any of a few descriptors to become readable.
package enum Poller {
    /// Which of `descriptors` (negative ones are passed over) can be read from, have failed or have ended; none when
    /// the time is over or a signal came. Nil waits without an end.
    package static func wait(_ descriptors: [CInt], nanoseconds: UInt64?) -> [Bool] {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Rounded up, so that nobody is woken just before the time.
        let milliseconds = nanoseconds.map { CInt(clamping: $0 / 1_000_000 + ($0 % 1_000_000 == 0 ? 0 : 1)) } ?? -1
        let count = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
        return entries.map { count > 0 && $0.revents != 0 }
    }

    /// Waits until something can be written to one descriptor, or read from the other.
    static func wait(writable: CInt, orReadable readable: CInt) {
        var entries = [
            pollfd(fd: writable, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: readable, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&entries, nfds_t(entries.count), -1)
    }

    /// Waits until something can be written to `descriptor`.
    static func waitUntilWritable(_ descriptor: CInt) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }
}
