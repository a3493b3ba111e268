// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Owns a timer that is waited for like a file.
package struct TimerDescriptor: ~Copyable {
    private let file: Descriptor

    /// Fires after `nanoseconds`, and from then on every as many when `isRepeating`. 0 fires at once.
    package init(nanoseconds: UInt64, isRepeating: Bool) throws(HostError) {
        let file = try Descriptor(
            timerfd_create(CLOCK_MONOTONIC, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK)), cannot: "make a timer")
        // A time of zero would switch the timer off.
        let nanoseconds = max(nanoseconds, 1)
        let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var setting = itimerspec(it_interval: isRepeating ? time : timespec(), it_value: time)
        guard unsafe timerfd_settime(file.number, 0, &setting, nil) == 0 else {
            throw HostError(errno: .current, cannot: "set a timer")
        }
        self.file = file
    }

    /// To wait on.
    package var descriptor: CInt { file.number }

    /// How often it fired since it was last asked, without waiting.
    package borrowing func expirations() -> UInt64 {
        var count: UInt64 = 0
        return unsafe read(file.number, &count, 8) == 8 ? count : 0
    }
}
