// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Scenarios

/// Runs scenarios one after the other in the tiers asked for, on a machine without a test framework.
///
///     scenario-runner [--output FILE] [--tier TIER]… [--say-only TIER]… [--scenario PART-OF-A-NAME]… [--hosts N]
///
/// Prints lines of fields separated by tabs; see `Record`. The last one says `done`: without it nothing was finished.
@main
struct ScenarioRunner {
    static func main() {
        guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
            complain(
                "usage: scenario-runner [--output FILE] [--tier TIER]… [--say-only TIER]… [--scenario PART-OF-A-NAME]…"
                    + " [--hosts N]")
            exit(2)
        }
        do {
            let record = try Record(arguments.output)
            try ProgramFigures.all().forEach { record.write(["program"] + $0.fields) }
            let failures = try arguments.tiers.map { try TierRun($0, arguments, record).run() }.reduce(0, +)
            record.write(["done", "\(failures)"])
            exit(failures == 0 ? 0 : 1)
        } catch {
            complain("scenario-runner: \(error)")
            exit(1)
        }
    }

    private static func complain(_ sentence: String) {
        let line = Array("\(sentence)\n".utf8)
        unsafe line.withUnsafeBytes { _ = unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The command line.
struct Arguments {
    var output = "/dev/stdout"
    /// `none` runs the scenarios without the program: what they provoke is what this kernel does. `hosts` asks the kernel
    /// and the model about random hosts.
    var tiers: [String] = []
    /// Tiers in which fixes are only said and not applied.
    var sayOnly: Set<String> = []
    /// How many random hosts the model and the kernel are compared on.
    var hosts: UInt64 = 25
    private var parts: [String] = []

    init?(_ words: [String]) {
        var words = words[...]
        while let option = words.popFirst() {
            guard let value = words.popFirst() else { return nil }
            switch option {
            case "--output": output = value
            case "--tier": tiers.append(value)
            case "--say-only": sayOnly.insert(value)
            case "--scenario": parts.append(value)
            case "--hosts":
                guard let number = UInt64(value) else { return nil }
                hosts = number
            default: return nil
            }
        }
        if tiers.isEmpty { tiers = ["auto"] }
    }

    func wants(_ name: String) -> Bool {
        parts.isEmpty || parts.contains { name.contains($0) }
    }
}
