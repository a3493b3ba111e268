// SPDX-License-Identifier: Apache-2.0
package import Facts
import SystemPackage

/// The packet filter rules of a namespace that check the reverse path by themselves.
package struct FilterRules: Hashable, Sendable {
    package var rules: [FilterRule] = []
    /// Sentences about what could not be read; the texts of programs in them are untrusted.
    package var notes: [String] = []

    /// Reads the rules of the namespace that the calling thread is in, with the tools that own them. A tool that is not
    /// installed, fails or takes more than `patience` leaves a note.
    static func read() -> Self {
        var result = Self()
        var xtables: Set<String> = ["ip", "ip6"]
        // Terse and stateless: large sets say nothing, and counters would make the same rule look like another one.
        if let output = result.output(of: "nft", ["-a", "-t", "-s", "list", "ruleset"]) {
            let ruleset = NftRuleset(output.standardOutput, warnings: output.standardError)
            result.rules += ruleset.rules
            xtables = ruleset.xtables
        }
        for (family, tool) in [("ip", "iptables"), ("ip6", "ip6tables")] {
            if xtables.contains(family) {
                // The plain name may stand for the legacy tool.
                let save = Command.find("\(tool)-nft-save") == nil ? "\(tool)-save" : "\(tool)-nft-save"
                result.readXtables(save)
            }
            if Files.line(FilePath("/proc/thread-self/net/\(family)_tables_names")) ?? "" != "" {
                result.readXtables("\(tool)-legacy-save")
            }
        }
        return result
    }

    /// In nanoseconds: a busy machine takes a second only to start a program, and until the answer is there nothing else
    /// is looked at.
    private static let patience: UInt64 = 4_000_000_000

    private mutating func readXtables(_ save: String) {
        guard Command.find(save) != nil || !["iptables-save", "ip6tables-save"].contains(save) else { return }
        if let output = output(of: save, []) {
            rules += reversePathRules(
                iptablesSave: output.standardOutput, command: String(save.dropLast("-save".count)))
        }
    }

    private mutating func output(of program: String, _ arguments: [String]) -> Command.Output? {
        do throws(HostError) {
            let output = try Command.run(program, arguments, timeout: Self.patience)
            if output.status == 0 { return output }
            let reason = output.standardError.split(separator: UInt8(ascii: "\n")).first ?? []
            notes.append("\(program) failed: \(String(decoding: reason, as: UTF8.self))")
        } catch {
            notes.append("\(error)")
        }
        return nil
    }
}

extension NetworkNamespace {
    /// The namespace's packet filter rules that check the reverse path, read inside of it by `nft` and `iptables-save`.
    package borrowing func filterRules() throws(HostError) -> FilterRules {
        try run { () throws(HostError) in FilterRules.read() }
    }
}
