// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The clocks that the rest of the program compares kernel times with, in nanoseconds.
package enum MonotonicClock {
    /// CLOCK_MONOTONIC: what `bpf_ktime_get_ns` stamps drop records with.
    package static var now: UInt64 { time(of: CLOCK_MONOTONIC) }

    /// CLOCK_BOOTTIME: what process start times in /proc are counted by.
    static var sinceBoot: UInt64 { time(of: CLOCK_BOOTTIME) }

    private static func time(of clock: clockid_t) -> UInt64 {
        var value = timespec()
        unsafe clock_gettime(clock, &value)
        return UInt64(value.tv_sec) * 1_000_000_000 + UInt64(value.tv_nsec)
    }
}
