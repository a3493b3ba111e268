// SPDX-License-Identifier: Apache-2.0

/// Everything readable that a fix may change in a namespace, to see that it changed what it said and nothing else.
package struct NamespaceState: Sendable, Equatable {
    /// `conf/<interface>/<name>` of net.ipv4, and ip_forward, with their values.
    package var sysctls: [String: String]
    /// The output of the listing commands, by program.
    package var listings: [String: String]

    package init(of namespace: Namespace) throws {
        (sysctls, listings) = try namespace.enter {
            var sysctls: [String: String] = [:]
            let root = "/proc/sys/net/ipv4"
            for interface in names(in: "\(root)/conf") {
                for name in names(in: "\(root)/conf/\(interface)") {
                    sysctls["conf/\(interface)/\(name)"] = contents(of: "\(root)/conf/\(interface)/\(name)")
                }
            }
            sysctls["ip_forward"] = contents(of: "\(root)/ip_forward")
            // One process for the four: on an emulated machine a process is what takes time.
            let addressing = try runSuccessfully(
                ["ip", "-4", "-batch", "-"], input: "rule\nroute show table all\naddress\nlink\n")
            // The kernel says a while later that the state of a stacked device is known.
            let lines = addressing.split(separator: "\n").map {
                $0.split(separator: " ", omittingEmptySubsequences: false).map { $0 == "UNKNOWN" ? "UP" : $0 }
                    .joined(separator: " ")
            }
            var listings = ["ip": lines.joined(separator: "\n")]
            // Asking is safe where nobody uses it: no table is made by it. The comments have the time in them.
            if isInstalled("iptables-legacy-save") {
                let lines = try runSuccessfully(["iptables-legacy-save"]).split(separator: "\n")
                listings["iptables-legacy"] = lines.filter { !$0.hasPrefix("#") }.joined(separator: "\n")
            }
            if isInstalled("nft") {
                listings["nft"] = try runSuccessfully(["nft", "--stateless", "list", "ruleset"])
            }
            return (sysctls, listings)
        }
    }

    /// The rp_filter value that counts, by interface: the larger of `all` and the interface's own.
    package var effectiveReversePathFilter: [String: Int] {
        var result: [String: Int] = [:]
        let all = number("conf/all/rp_filter")
        for key in sysctls.keys where key.hasPrefix("conf/") && key.hasSuffix("/rp_filter") {
            let interface = String(key.dropFirst("conf/".count).dropLast("/rp_filter".count))
            if interface == "all" || interface == "default" { continue }
            result[interface] = max(all, number(key))
        }
        return result
    }

    /// One line for each difference; empty when nothing differs.
    package func differences(from earlier: Self) -> [String] {
        var result: [String] = []
        for key in Set(sysctls.keys).union(earlier.sysctls.keys).sorted() where sysctls[key] != earlier.sysctls[key] {
            func value(_ state: Self) -> String {
                state.sysctls[key]?.filter { !$0.isNewline } ?? "absent"
            }
            result.append("\(key): \(value(earlier)) became \(value(self))")
        }
        for (command, text) in listings.sorted(by: { $0.key < $1.key }) where text != earlier.listings[command] {
            result.append("\(command) was:\n\(earlier.listings[command] ?? "absent")and is:\n\(text)")
        }
        return result
    }

    private func number(_ key: String) -> Int {
        Int(sysctls[key]?.filter { !$0.isWhitespace } ?? "") ?? 0
    }
}
