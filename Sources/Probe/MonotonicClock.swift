// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The clock that records and counters are stamped with: nanoseconds of CLOCK_MONOTONIC.
package enum MonotonicClock {
    package static func now() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

    /// What to add to a time of this clock for nanoseconds since 1970. Changes when somebody sets the system's time, so
    /// read it once for what has to stay in order.
    package static func wallClockOffset() -> UInt64 {
        // The monotonic time between two readings of the wall clock lies, at best, in their middle.
        let before = nanoseconds(CLOCK_REALTIME)
        let monotonic = nanoseconds(CLOCK_MONOTONIC)
        let after = nanoseconds(CLOCK_REALTIME)
        return before &+ (after &- before) / 2 &- monotonic
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
