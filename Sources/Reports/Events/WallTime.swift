// SPDX-License-Identifier: Apache-2.0

/// A moment in UTC, in nanoseconds since 1970-01-01: CLOCK_REALTIME, without leap seconds.
package struct WallTime: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Nanoseconds from `earlier` to here; 0 when `earlier` is later.
    package func since(_ earlier: Self) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }
}

/// How CLOCK_REALTIME relates to CLOCK_MONOTONIC, the clock of the kernel's records.
package struct ClockOffset: Hashable, Sendable {
    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, in nanoseconds.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The offset from two reads of the clocks, made one right after the other.
    package init(realtime: UInt64, monotonic: UInt64) {
        nanoseconds = Int64(truncatingIfNeeded: realtime &- monotonic)
    }

    package func wall(_ monotonic: UInt64) -> WallTime {
        WallTime(nanoseconds: monotonic &+ UInt64(bitPattern: nanoseconds))
    }
}

/// A moment taken apart in the proleptic Gregorian calendar.
struct CivilTime {
    var year: UInt64
    var month: UInt64
    var day: UInt64
    var hour: UInt64
    var minute: UInt64
    var second: UInt64
    var nanosecond: UInt64

    private static let secondsPerDay: UInt64 = 86_400

    init(_ time: WallTime) {
        let seconds = time.nanoseconds / 1_000_000_000
        nanosecond = time.nanoseconds % 1_000_000_000
        let ofDay = seconds % Self.secondsPerDay
        hour = ofDay / 3600
        minute = ofDay / 60 % 60
        second = ofDay % 60
        // Years are counted from March, so that the leap day is the last of its year; eras are 400 years of 146,097 days.
        let days = seconds / Self.secondsPerDay + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; nil before it and for a day that the calendar does not have.
    static func days(year: UInt64, month: UInt64, day: UInt64) -> UInt64? {
        guard (1970...2500).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [UInt64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[Int(month) - 1] else { return nil }
        let marchYear = month <= 2 ? year - 1 : year
        let monthFromMarch = month <= 2 ? month + 9 : month - 3
        let yearOfEra = marchYear % 400
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return marchYear / 400 * 146_097 + dayOfEra - 719_468
    }
}

extension WallTime {
    /// Parses RFC 3339 in UTC: `2026-08-01T09:00:00.123456789Z`, with no to nine fraction digits; nil for anything else.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> UInt64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: UInt64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + UInt64(byte - 0x30)
            }
            return value
        }
        func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
            index < bytes.count && bytes[index] == UInt8(ascii: character)
        }
        guard has("-", at: 4), has("-", at: 7), has("T", at: 10), has(":", at: 13), has(":", at: 16),
            bytes.last == 0x5A,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), hour < 24, minute < 60, second < 60,
            let days = CivilTime.days(year: year, month: month, day: day)
        else { return nil }
        var fraction: UInt64 = 0
        if bytes.count > 20 {
            let digits = bytes.count - 21
            guard has(".", at: 19), (1...9).contains(digits), let value = number(20..<20 + digits) else { return nil }
            fraction = (digits..<9).reduce(value) { value, _ in value * 10 }
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        nanoseconds = seconds * 1_000_000_000 + fraction
    }
}
