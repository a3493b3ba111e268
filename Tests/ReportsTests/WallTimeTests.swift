// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reports
import Testing

@Suite struct WallTimeTests {
    /// Every day that a trace may see, against Foundation's calendar.
    @Test func theCalendarIsRight() throws {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: UInt64(0), to: 100_000, by: 13) {
            let seconds = day * 86_400 + day * 7919 % 86_400
            var event = Samples.event(.stats(Totals()))
            event.time = WallTime(nanoseconds: seconds * 1_000_000_000 + day)
            let text = try #require(try parsed(event)["@timestamp"] as? String)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(text.prefix(19) == expected.prefix(19))
            #expect(WallTime(rfc3339: text) == event.time)
        }
    }

    @Test(arguments: [
        "", "2026-08-01", "2026-08-01T10:00:00", "2026-08-01T10:00:00.Z", "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z", "1969-12-31T23:59:59Z", "2026-08-01T24:00:00Z", "2026-08-01T10:00:00.1234567890Z",
        "2026-08-01T10:00:00+02:00", "2026-08-01 10:00:00Z", "9999-01-01T00:00:00Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }

    @Test func fewerFractionDigitsAreFine() {
        #expect(WallTime(rfc3339: "2024-02-29T00:00:00Z")?.nanoseconds == 1_709_164_800_000_000_000)
        #expect(WallTime(rfc3339: "1970-01-01T00:00:01.5Z")?.nanoseconds == 1_500_000_000)
    }

    @Test func theKernelsClockBecomesWallTime() {
        let clock = ClockOffset(realtime: 1_785_578_400_000_000_000, monotonic: 1_000)
        #expect(clock.wall(1_500).nanoseconds == 1_785_578_400_000_000_500)
        // A clock that runs since before 1970, as after a wrong real-time clock.
        #expect(ClockOffset(realtime: 10, monotonic: 50).wall(60).nanoseconds == 20)
    }
}
