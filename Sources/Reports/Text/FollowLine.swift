// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Packets

/// One aligned line for each drop, as `trace --follow` prints them. Columns grow with what they have had to hold, up to
/// a limit, so that a long name disturbs one line at most.
package struct FollowLine {
    /// Widest that each column becomes; what is longer moves the rest of its own line.
    private static let columns: [(title: String, width: Int, limit: Int)] = [
        ("TIME (UTC)", 15, 15), ("NETNS", 8, 20), ("IFACE", 8, 16), ("PROTO", 5, 7),
        ("SOURCE > DESTINATION", 39, 45), ("CAUSE", 15, 15), ("MODE", 11, 11), ("REVERSE", 0, 0),
    ]

    private var widths = columns.map(\.width)
    private let style: Style

    package init(style: Style) { self.style = style }

    /// The line above the first drop.
    package var header: String { style.heading(joined(Self.columns.map(\.title))) + "\n" }

    /// The line of one drop.
    package mutating func line(_ report: DropReport, at time: WallTime) -> String {
        let packet = report.drop.packet
        let source = packet.sourceAddress.description(port: packet.sourcePort)
        let destination = packet.destinationAddress.description(port: packet.destinationPort)
        let cells = [
            Wording.preciseTimeOfDay(time), Names.short(report.namespace), report.drop.interfaceName.display,
            Self.transport(report), "\(source) > \(destination)",
            Self.cause(report), Self.mode(report),
            packet.isIPv6 ? "-" : Names.short(report.attribution.reverse),
        ]
        for (index, cell) in cells.enumerated() {
            widths[index] = max(widths[index], min(cell.count, Self.columns[index].limit))
        }
        let line = joined(cells)
        return (report.attribution.attributed ? line : style.faint(line)) + "\n"
    }

    private func joined(_ cells: [String]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            text += index == cells.count - 1 ? cell : Wording.padded(cell, widths[index]) + " "
        }
        return text
    }

    private static func transport(_ report: DropReport) -> String {
        if report.isARP { return "arp" }
        return report.drop.packet.transport.name ?? String(report.drop.packet.transport.rawValue)
    }

    /// The cause; of other drops the kernel's reason.
    private static func cause(_ report: DropReport) -> String {
        switch report.attribution.cause {
        case nil: "unknown"
        case .other: report.drop.reasonName.map(terminalSafe) ?? "other"
        case let cause?: cause.rawValue
        }
    }

    /// The effective mode and which setting it comes from: `strict(all)`, `loose(if)`, `strict`: both are equal.
    private static func mode(_ report: DropReport) -> String {
        // There is no such setting for IPv6.
        if report.drop.packet.isIPv6 { return "-" }
        guard let sysctls = report.drop.sysctls else { return "?" }
        let mode = Names.mode(sysctls.effective)
        if sysctls.rpFilterAll == sysctls.rpFilterInterface { return mode }
        return sysctls.rpFilterAll > sysctls.rpFilterInterface ? "\(mode)(all)" : "\(mode)(if)"
    }
}
