// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Something that not every machine has and a scenario cannot do without. It is never asked by version: a probe tries it.
package struct Requirement: Sendable {
    /// What a probe found.
    package enum Answer: Sendable {
        case present
        /// Why it certainly is not there: only this lets a scenario be skipped.
        case absent(String)
        /// Neither: the scenario fails.
        case unclear(String)
    }

    package let name: String
    package let probe: @Sendable () throws -> Answer

    /// A program in PATH.
    package static func tool(_ program: String) -> Self {
        Self(name: program) { isInstalled(program) ? .present : .absent("no \(program) in PATH") }
    }

    /// A type of interface that the kernel can make. `modules`: where it takes more than the one that is known for it.
    package static func linkType(
        _ type: String, link parent: String = "", _ options: String = "", modules: [String] = []
    ) -> Self {
        Self(name: "\(type) interfaces") {
            let scratch = try Namespace("probe")
            let words = "ip link add probe0 type veth peer name probe1"
            try scratch.run(words.split(separator: " ").map(String.init))
            let own = ["gre": "ip_gre", "vlan": "8021q", "bond": "bonding", "vti": "ip_vti", "xfrm": "xfrm_interface"]
            return try attempt(
                "ip link add \(parent) name probe2 type \(type) \(options)", in: scratch,
                needing: [own[type] ?? type] + modules)
        }
    }

    /// An nftables expression in a prerouting chain, and the modules that have it.
    package static func nftExpression(_ rule: String, family: String = "ip", modules: [String]) -> Self {
        Self(name: "nft \(rule)") {
            guard isInstalled("nft") else { return .absent("no nft in PATH") }
            let scratch = try Namespace("probe")
            let chain = "{ type filter hook prerouting priority raw; }"
            let table = try scratch.enter {
                try run(["nft", "-f", "-"], input: "add table \(family) t\nadd chain \(family) t c \(chain)\n")
            }
            return try answer(to: table, of: "nft add chain", needing: ["nf_tables"])
                ?? attempt("nft add rule \(family) t c \(rule)", in: scratch, needing: modules)
        }
    }

    /// nft's own check of the reverse path.
    package static let fib = Self.nftExpression(
        "fib saddr . iif oif missing drop", modules: ["nft_fib", "nft_fib_ipv4"])

    /// The same of either version of the protocol.
    package static let fibOfBoth = Self.nftExpression(
        "fib saddr . iif oif missing drop", family: "inet",
        modules: ["nft_fib", "nft_fib_ipv4", "nft_fib_ipv6", "nft_fib_inet"])

    package static let rpfilterMatch = Self.rpfilterMatch(of: "iptables")

    /// iptables' rpfilter match, by either of its two commands.
    package static func rpfilterMatch(of command: String) -> Self {
        Self(name: "\(command) -m rpfilter") {
            guard isInstalled(command) else { return .absent("no \(command) in PATH") }
            let rule = "\(command) -t raw -A PREROUTING -m rpfilter --invert -j DROP"
            let isIPv6 = command.hasPrefix("ip6")
            let legacy = isIPv6 ? ["ip6_tables", "ip6table_raw"] : ["ip_tables", "iptable_raw"]
            let own = command.hasSuffix("legacy") ? legacy : ["nf_tables", "nft_compat"]
            return try attempt(
                rule, in: Namespace("probe"), needing: own + [isIPv6 ? "ip6t_rpfilter" : "ipt_rpfilter"])
        }
    }

    /// The TUN driver.
    package static let tun = Self(name: "TUN devices") {
        do {
            _ = try TunDevice("probe0", in: Namespace("probe"))
            return .present
        } catch let error as LabError {
            return answer(toErrors: error.description, needing: ["tun"])
        }
    }

    /// Packet filters on a bridge (br_netfilter).
    package static let bridgeNetfilter = Self(name: "netfilter on bridges") {
        let path = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        if try Namespace("probe").enter({ contents(of: path) }) != nil { return .present }
        return KernelModules.running.answer(to: "there is no \(path)", needing: ["bridge", "br_netfilter"])
    }

    /// A load balancer in the kernel, and the program that sets it up.
    package static let virtualServer = Self(name: "IPVS") {
        guard isInstalled("ipvsadm") else { return .absent("no ipvsadm in PATH") }
        return try attempt(
            "ipvsadm -A -u 192.0.2.99:9 -s rr", in: Namespace("probe"), needing: ["ip_vs", "ip_vs_rr"])
    }

    /// ESP with AES-GCM.
    package static let esp = Self(name: "IPsec") {
        let state = "src 192.0.2.2 dst 192.0.2.1 proto esp spi 7 mode tunnel aead rfc4106(gcm(aes))"
        return try attempt(
            "ip xfrm state add \(state) 0x\(String(repeating: "5a", count: 20)) 128", in: Namespace("probe"),
            needing: ["xfrm_user", "esp4", "gcm", "seqiv"])
    }

    /// WireGuard and the program that configures it.
    package static let wireGuard = Self(name: "WireGuard") {
        guard isInstalled("wg") else { return .absent("no wg in PATH") }
        return try linkType("wireguard").probe()
    }

    /// A second CPU, for what has to happen while another one sends.
    package static let twoCPUs = Self(name: "two CPUs") {
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return count > 1 ? .present : .absent("\(count) CPU is online")
    }

    /// Runs a command that a kernel without one of the `modules` refuses.
    private static func attempt(
        _ command: String, in namespace: Namespace, needing modules: [String]
    ) throws -> Answer {
        let words = command.split(separator: " ").map(String.init)
        return answer(to: try namespace.enter { try run(words) }, of: command, needing: modules) ?? .present
    }

    /// What it means that a command failed; nil when it did not.
    private static func answer(to result: CommandOutput, of command: String, needing modules: [String]) -> Answer? {
        if result.succeeded { return nil }
        let errors = "\(command): \(result.standardError.prefix { !$0.isNewline })"
        return answer(toErrors: errors, needing: modules)
    }

    /// Absent only when the kernel said in so many words that it does not know such a thing, and what it consists of
    /// says so too.
    private static func answer(toErrors errors: String, needing modules: [String]) -> Answer {
        let refusals = [
            "Unknown device type", "Operation not supported", "Not supported", "No such file or directory",
            "No such device", "Protocol not supported", "Protocol not available", "Function not implemented",
            "algorithm not found",
        ]
        guard refusals.contains(where: { errors.contains($0) }) else { return .unclear(errors) }
        return KernelModules.running.answer(to: errors, needing: modules)
    }
}
