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

    /// A type of interface that the kernel can make.
    package static func linkType(_ type: String, link parent: String = "", _ options: String = "") -> Self {
        Self(name: "\(type) interfaces") {
            let scratch = try Namespace("probe")
            let words = "ip link add probe0 type veth peer name probe1"
            try scratch.run(words.split(separator: " ").map(String.init))
            return try attempt("ip link add \(parent) name probe2 type \(type) \(options)", in: scratch)
        }
    }

    /// An nftables expression in a prerouting chain.
    package static func nftExpression(_ rule: String) -> Self {
        Self(name: "nft \(rule)") {
            guard isInstalled("nft") else { return .absent("no nft in PATH") }
            let scratch = try Namespace("probe")
            let chain = "{ type filter hook prerouting priority raw; }"
            try scratch.run(["nft", "-f", "-"], input: "add table ip t\nadd chain ip t c \(chain)\n")
            return try attempt("nft add rule ip t c \(rule)", in: scratch)
        }
    }

    package static let rpfilterMatch = Self.rpfilterMatch(of: "iptables")

    /// iptables' rpfilter match, by either of its two commands.
    package static func rpfilterMatch(of command: String) -> Self {
        Self(name: "\(command) -m rpfilter") {
            guard isInstalled(command) else { return .absent("no \(command) in PATH") }
            let rule = "\(command) -t raw -A PREROUTING -m rpfilter --invert -j DROP"
            return try attempt(rule, in: Namespace("probe"))
        }
    }

    /// The TUN driver.
    package static let tun = Self(name: "TUN devices") {
        do {
            _ = try TunDevice("probe0", in: Namespace("probe"))
            return .present
        } catch let error as LabError where error.description.hasSuffix("No such file or directory") {
            return .absent("no /dev/net/tun")
        }
    }

    /// A second CPU, for what has to happen while another one sends.
    package static let twoCPUs = Self(name: "two CPUs") {
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return count > 1 ? .present : .absent("\(count) CPU is online")
    }

    /// Absent only when the kernel said in so many words that it does not know such a thing.
    private static func attempt(_ command: String, in namespace: Namespace) throws -> Answer {
        let words = command.split(separator: " ").map(String.init)
        let result = try namespace.enter { try run(words) }
        if result.succeeded { return .present }
        let refusals = ["Unknown device type", "Operation not supported", "Not supported", "No such file or directory"]
        let proof = "\(command): \(result.standardError.prefix { !$0.isNewline })"
        return refusals.contains { result.standardError.contains($0) } ? .absent(proof) : .unclear(proof)
    }
}
