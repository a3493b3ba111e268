// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Facts
import Host
import Probe
import Reports

/// `rpfwatch doctor`: what this kernel and these privileges allow, and the mode of every interface.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show what this kernel and these privileges allow, and every interface's effective mode.")

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only this network namespace: NAME, PID, PATH or inode:N.", valueName: "netns"))
    var netns: String?

    @Option(name: .shortWithValue("o", "output"), help: "What stdout carries: text or json.")
    var output: OutputFormat = .text

    @Flag(help: "Write one JSON object; the same as --output json.")
    var json = false

    @Flag(name: .shortAndLong, help: "Say on stderr what each BPF program costs the kernel's verifier.")
    var verbose = false

    @Option(help: "Colour: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    mutating func run() throws {
        var report = DoctorReport(
            origin: Origin(host: HostInformation.name, version: Rpfwatch.version),
            kernelRelease: HostInformation.kernelRelease, architecture: HostInformation.architecture,
            libbpfVersion: Probe.libbpfVersion, btfProblem: Probe.typesProblem,
            missingPrivileges: Privileges.current.missing.map(MissingPrivilege.init),
            namespaces: try namespaces())
        tryTiers(&report)
        let rendering = Output(
            json ? .json : output, showsDrops: false, style: color.style(isTerminal: Terminal.isOutput))
        try LineOutput.standardOutput().write(rendering.render(report))
    }

    private var messages: Messages { Messages(isQuiet: false, isVerbose: verbose) }

    /// Loads and attaches each tier for a moment: only the kernel knows.
    private func tryTiers(_ report: inout DoctorReport) {
        for tier in Tier.allCases {
            var status = DoctorReport.TierStatus(tier: tier.rawValue, refusal: nil)
            do throws(ProbeError) {
                let probe = try Probe(ProbeOptions(tier: tier, measuresPrograms: verbose))
                for program in probe.programs { messages.detail("tier \(tier.rawValue), \(program)") }
                report.hasDropReasons = probe.hasDropReasons
                report.seesWriters = probe.hooks.contains("cgroup/sysctl")
                report.writesProblem = probe.writesProblem
                status.blindSpots = probe.blindSpots
                if report.chosenTier == nil {
                    report.chosenTier = tier.rawValue
                    report.blindSpots = probe.blindSpots
                }
            } catch {
                status.refusal = error.refusals.first?.reason ?? error.description
            }
            report.tiers.append(status)
        }
    }

    private func namespaces() throws(HostError) -> [DoctorReport.NamespaceModes] {
        var watch = if let netns { try NamespaceWatch(only: try resolveNamespace(netns)) } else { try NamespaceWatch() }
        var result: [DoctorReport.NamespaceModes] = []
        for identity in watch.identities {
            do throws(HostError) {
                result.append(DoctorReport.NamespaceModes(try watch.facts(of: identity.inode)))
            } catch {
                result.append(DoctorReport.NamespaceModes(namespace: identity, problem: error.description))
            }
        }
        return result
    }
}

extension MissingPrivilege {
    init(_ missing: Privileges.Missing) { self.init(capability: missing.capability.rawValue, cost: missing.cost) }
}
