// SPDX-License-Identifier: Apache-2.0
import Lab

extension NamespaceState {
    /// The interfaces, the loopback device last.
    var interfaces: [String] {
        let names = effectiveReversePathFilter.keys.sorted()
        return names.filter { $0 != "lo" } + names.filter { $0 == "lo" }
    }

    /// The effective rp_filter of an interface, as a person says it.
    func mode(_ interface: String) -> String {
        switch effectiveReversePathFilter[interface] {
        case nil: "absent"
        case 0?: "0 off"
        case 1?: "1 strict"
        case let value?: "\(value) loose"
        }
    }

    /// net.ipv4.conf.NAME.rp_filter itself.
    func reversePathFilter(_ name: String) -> Int {
        Int(sysctls["conf/\(name)/rp_filter"]?.prefix { !$0.isNewline } ?? "") ?? 0
    }

    /// The interfaces whose effective rp_filter is another than it was, and the value now.
    func modeChanges(from earlier: Self) -> [String: Int] {
        effectiveReversePathFilter.filter { earlier.effectiveReversePathFilter[$0.key] != $0.value }
    }

    /// Rules, routes and addresses that came (`+`) and went (`-`), as `ip` writes them.
    func listingChanges(from earlier: Self) -> [String] {
        listings.keys.sorted().flatMap { command in
            let now = Self.lines(listings[command])
            let before = Self.lines(earlier.listings[command])
            return now.filter { !before.contains($0) }.map { "\(command): + \($0)" }
                + before.filter { !now.contains($0) }.map { "\(command): - \($0)" }
        }
    }

    private static func lines(_ text: String?) -> [String] {
        (text ?? "").split(separator: "\n").map { line in
            line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        }
    }
}
