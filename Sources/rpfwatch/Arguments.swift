// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Host
import Packets
import Probe
import Reports

extension OutputFormat: ExpressibleByArgument {}

extension NameSpecification {
    /// `-c 5` and, as tcpdump's users write it, `-c5`; or the long name.
    static func shortWithValue(_ short: Character, _ long: String) -> Self {
        [.customShort(short, allowingJoined: true), .customLong(long)]
    }
}

/// Whether text is coloured; `auto` means on a terminal that is not `dumb`, unless NO_COLOR is set.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never

    func style(isTerminal: Bool) -> Style {
        switch self {
        case .always: .color
        case .never: .plain
        case .auto: isTerminal && Environment.wantsColor ? .color : .plain
        }
    }
}

/// A hook tier to force, or the best that this kernel takes.
enum TierChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, fexit, kprobe, tracepoint

    var tier: Tier? { Tier(rawValue: rawValue) }
}

/// What a value would have to be, said after the one that was given.
struct WrongValue: Error, CustomStringConvertible {
    var description: String
}

/// A length of time such as `30s`, `5m`, `1h` or `500ms`; a bare number is seconds.
struct TimeSpan {
    /// Never zero.
    var nanoseconds: UInt64

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @Sendable static func parse(_ argument: String) throws -> Self {
        guard let span = Self(argument: argument) else {
            throw WrongValue(description: "give a time above zero and up to a year, such as 500ms, 30s, 5m or 1h")
        }
        return span
    }

    private init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let scale: Double? =
            switch argument.dropFirst(digits.count) {
            case "ms": 1e6
            case "", "s": 1e9
            case "m": 60e9
            case "h": 3_600e9
            default: nil
            }
        // A year is more than any trace, and keeps the product far inside UInt64.
        guard let scale, let number = Double(digits), number * scale >= 1, number * scale <= 366 * 86_400e9 else {
            return nil
        }
        nanoseconds = UInt64(number * scale)
    }
}

/// A number above zero.
struct PositiveCount {
    var value: UInt64

    @Sendable static func parse(_ argument: String) throws -> Self {
        guard let value = UInt64(argument), value > 0 else {
            throw WrongValue(description: "give a whole number above zero")
        }
        return Self(value: value)
    }
}

/// An IPv4 prefix as an argument, `192.0.2.0/24` or a bare address.
struct PrefixArgument {
    var prefix: IPv4Prefix

    @Sendable static func parse(_ argument: String) throws -> Self {
        guard let prefix = IPv4Prefix(argument) else {
            throw WrongValue(
                description: "give an IPv4 address or prefix such as 192.0.2.0/24 (IPv6 has no rp_filter)")
        }
        return Self(prefix: prefix)
    }
}
