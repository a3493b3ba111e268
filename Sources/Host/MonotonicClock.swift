// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The clocks that the rest of the program compares kernel times with, in nanoseconds.
package enum MonotonicClock {
    /// CLOCK_MONOTONIC: what `bpf_ktime_get_ns` stamps drop records with.
    package static var now: UInt64 { time(of: CLOCK_MONOTONIC) }

    /// CLOCK_BOOTTIME: what process start times in /proc are counted by.
    static var sinceBoot: UInt64 { time(of: CLOCK_BOOTTIME) }

    /// What to add to a time of CLOCK_MONOTONIC for nanoseconds since 1970. Changes when somebody sets the system's
    /// time, so read it once for what has to stay in order.
    package static var wallClockOffset: Int64 {
        // The monotonic time between two readings of the wall clock lies, at best, in their middle.
        let before = time(of: CLOCK_REALTIME)
        let monotonic = now
        let after = time(of: CLOCK_REALTIME)
        return Int64(bitPattern: before &+ (after &- before) / 2 &- monotonic)
    }

    private static func time(of clock: clockid_t) -> UInt64 {
        var value = timespec()
        unsafe clock_gettime(clock, &value)
        return UInt64(value.tv_sec) * 1_000_000_000 + UInt64(value.tv_nsec)
    }
}
