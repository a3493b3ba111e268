// SPDX-License-Identifier: Apache-2.0

/// Everything readable that a fix may change in a namespace, to see that it changed what it said and nothing else.
package struct NamespaceState: Sendable, Equatable {
    /// `conf/<interface>/<name>` of net.ipv4, and ip_forward, with their values.
    package var sysctls: [String: String]
    /// The output of the listing commands, by program.
    package var listings: [String: String]

    /// `listsFilters`: false when nobody made a packet filter in it, which saves starting the programs that would tell.
    package init(of namespace: Namespace, listsFilters: Bool = true) throws {
        (sysctls, listings) = try namespace.enter {
            // Until then the kernel calls routes linkdown that it will not a moment later.
            guard try eventually({ try linksAreSettled() }) else { throw LabError("the links do not settle") }
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
            var listings = ["ip": lines.joined(separator: "\n"), "iptables-legacy": "", "nft": ""]
            guard listsFilters else { return (sysctls, listings) }
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
        var values: [String: String] = [:]
        for (key, value) in sysctls where key.hasPrefix("conf/") && key.hasSuffix("/rp_filter") {
            values[String(key.dropFirst("conf/".count).dropLast("/rp_filter".count))] = value
        }
        return Self.effective(values)
    }

    /// The same, and nothing else, of a namespace as it is now.
    package static func effectiveReversePathFilter(of namespace: Namespace) throws -> [String: Int] {
        try namespace.enter {
            let root = "/proc/sys/net/ipv4/conf"
            let values = names(in: root).map { ($0, contents(of: "\(root)/\($0)/rp_filter") ?? "") }
            return effective(Dictionary(uniqueKeysWithValues: values))
        }
    }

    private static func effective(_ values: [String: String]) -> [String: Int] {
        let numbers = values.mapValues { Int($0.filter { !$0.isWhitespace }) ?? 0 }
        return numbers.filter { $0.key != "all" && $0.key != "default" }.mapValues { max(numbers["all"] ?? 0, $0) }
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
}
