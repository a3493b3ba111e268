// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Host
import Packets
import Probe
import Reports

extension OutputFormat: ExpressibleByArgument {}

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

/// A length of time such as `30s`, `5m`, `1h` or `500ms`; a bare number is seconds.
struct TimeSpan: ExpressibleByArgument {
    /// Never zero.
    var nanoseconds: UInt64

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    init?(argument: String) {
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

    var defaultValueDescription: String { "\(nanoseconds / 1_000_000_000)s" }
}

/// A number above zero.
struct PositiveCount: ExpressibleByArgument {
    var value: UInt64

    init?(argument: String) {
        guard let value = UInt64(argument), value > 0 else { return nil }
        self.value = value
    }
}

/// An IPv4 prefix as an argument, `192.0.2.0/24` or a bare address.
struct PrefixArgument: ExpressibleByArgument {
    var prefix: IPv4Prefix

    init?(argument: String) {
        guard let prefix = IPv4Prefix(argument) else { return nil }
        self.prefix = prefix
    }
}
