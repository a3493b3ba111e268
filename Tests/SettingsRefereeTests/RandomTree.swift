// SPDX-License-Identifier: Apache-2.0
import ModelLab

/// Files of sysctl.d that look random and are the same for the same seed: few names, so that they get in each other's way.
struct RandomTree {
    /// What is at a path.
    enum Content {
        case text(String)
        case link(String)
        case directory
    }

    let entries: [(path: String, content: Content)]

    static let interfaces = ["e0", "e1", "e0.1", "x-2"]

    init(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var entries: [(path: String, content: Content)] = []
        var taken: Set<String> = []
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let path = Self.path(&generator)
            guard taken.insert(path).inserted else { continue }
            entries.append((path, Self.content(&generator)))
        }
        if Bool.random(using: &generator) {
            entries.append(("etc/sysctl.conf", .text(Self.text(&generator))))
            if Bool.random(using: &generator) {
                entries.append(("etc/sysctl.d/99-sysctl.conf", .link("../sysctl.conf")))
            }
        }
        self.entries = entries
    }

    private static func pick(_ options: [String], _ generator: inout SeededGenerator) -> String {
        options.randomElement(using: &generator) ?? ""
    }

    private static func path(_ generator: inout SeededGenerator) -> String {
        let directory = pick(
            ["etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d"], &generator)
        let name = pick(
            ["10-a.conf", "50-b.conf", "60-c.conf", "B.conf", "zz.conf", "zz-a.conf", ".h.conf", "n.cnf"], &generator)
        return "\(directory)/\(name)"
    }

    private static func content(_ generator: inout SeededGenerator) -> Content {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: .text("")
        case 1: .link("/dev/null")
        case 2: .link("nowhere")
        case 3: .directory
        default: .text(text(&generator))
        }
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let lines = (0..<Int.random(in: 1...6, using: &generator)).map { _ in line(&generator) }
        return lines.joined(separator: "\n") + (Bool.random(using: &generator) ? "\n" : "")
    }

    private static func line(_ generator: inout SeededGenerator) -> String {
        let key = key(&generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: return pick(["#", ";", " # "], &generator) + key + "=1"
        case 1: return key
        case 2, 3: return "-" + key
        case 4: return "-" + key + "=" + value(&generator)
        case 5:
            return pick([" ", "\t"], &generator) + key + " = " + value(&generator) + pick(["", " ", "\r"], &generator)
        default: return key + "=" + value(&generator)
        }
    }

    private static func value(_ generator: inout SeededGenerator) -> String {
        let isOdd = Int.random(in: 0..<8, using: &generator) == 0
        return pick(isOdd ? ["0x1", "02", "on", "", "1 # x", "2x", "-1", "9"] : ["0", "1", "2"], &generator)
    }

    private static func key(_ generator: inout SeededGenerator) -> String {
        let name = pick(
            interfaces + [
                "all", "default", "default", "lo", "*", "*", "e*", "e?", "e0*", "[ex]*", "[!e]*", "e[0-9]", "[", "none",
            ],
            &generator)
        let key =
            Int.random(in: 0..<8, using: &generator) == 0
            ? pick(["*filter", "rp_filte?", "arp_filter"], &generator) : "rp_filter"
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: return "net/ipv4/conf/\(name)/\(key)"
        case 1: return "/net/ipv4/conf/\(name)/\(key)"
        case 2: return "net//ipv4/./conf/\(name)/\(key)"
        case 3: return "net.*.conf.\(swapped(name)).\(key)"
        // The dots of the name are taken for separators.
        case 4: return "net.ipv4.conf.\(name).\(key)"
        default: return "net.ipv4.conf.\(swapped(name)).\(key)"
        }
    }

    private static func swapped(_ name: String) -> String { String(name.map { $0 == "." ? "/" : $0 }) }
}
