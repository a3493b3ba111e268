// SPDX-License-Identifier: Apache-2.0
import Packets

/// Numbers, times and lists as people read them.
enum Wording {
    /// With thousands separators: `1,204`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = Array(String(value.magnitude).utf8)
        var result = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result += "," }
            result.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return result
    }

    /// `1 packet`, `1,204 packets`.
    static func count(_ value: some BinaryInteger, _ singular: String, _ plural: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? singular : plural ?? singular + "s")"
    }

    /// `850 ms`, `1.5 s`, `30 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`.
    static func duration(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        let tenths = milliseconds / 100 % 10
        if seconds < 10 && tenths > 0 { return "\(seconds).\(tenths) s" }
        func pair(_ value: UInt64, _ unit: String, _ rest: UInt64, _ restUnit: String) -> String {
            rest == 0 ? "\(number(value)) \(unit)" : "\(number(value)) \(unit) \(rest) \(restUnit)"
        }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return pair(seconds / 60, "min", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3600, "h", seconds / 60 % 60, "min") }
        return pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
    }

    /// `2026-08-01`, UTC.
    static func date(_ time: WallTime) -> String {
        let civil = CivilTime(time)
        return "\(civil.year)-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    }

    /// `09:00:05`, UTC.
    static func timeOfDay(_ time: WallTime) -> String {
        let civil = CivilTime(time)
        return "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    }

    /// `09:00:05.123456`, UTC.
    static func preciseTimeOfDay(_ time: WallTime) -> String {
        "\(timeOfDay(time)).\(padded(CivilTime(time).nanosecond / 1000, 6))"
    }

    /// `2026-08-01 09:00:05 to 09:00:35 UTC`; the second date only when it differs.
    static func span(_ start: WallTime, _ end: WallTime) -> String {
        let day = date(end) == date(start) ? "" : date(end) + " "
        return "\(date(start)) \(timeOfDay(start)) to \(day)\(timeOfDay(end)) UTC"
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// `a`, `a and b`, `a, b and c`; of more than `limit` the first ones and how many are left. `total` is their number
    /// when not all are at hand.
    static func list(_ items: [String], limit: Int = 3, others: String = "more", total: Int = 0) -> String {
        guard let last = items.last else { return "" }
        let total = max(total, items.count)
        if total > limit {
            let shown = min(limit, items.count)
            return items.prefix(shown).joined(separator: ", ") + " and \(number(total - shown)) \(others)"
        }
        return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Text that may hold anything, for a terminal. Unlike `terminalSafe` a backslash stays one: this is for commands and
    /// sentences, in which names are quoted or escaped already.
    static func printable(_ text: String) -> String {
        func isSafe(_ scalar: Unicode.Scalar) -> Bool {
            if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                return false
            default: return true
            }
        }
        if text.unicodeScalars.allSatisfy(isSafe) { return text }
        return text.unicodeScalars.map { isSafe($0) ? String($0) : terminalSafe(String($0)) }.joined()
    }

    /// Cut to a width, for columns and one-line displays.
    static func clipped(_ text: String, _ width: Int) -> String {
        if text.count <= width { return text }
        return width <= 0 ? "" : String(text.prefix(width - 1)) + "…"
    }

    /// Filled up with spaces; longer text stays.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
