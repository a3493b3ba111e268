// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Host
import Packets
import Reports

/// `rpfwatch [trace]`: attach, collect until told to stop, report.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Trace drops until Ctrl-C, --duration or --count, then print what happened and the fix.")

    @Flag(name: .shortAndLong, help: "Stream every drop while running.")
    var follow = false

    @Option(name: .shortWithValue("o", "output"), help: "What stdout carries: text or json.")
    var output: OutputFormat = .text

    @Flag(help: "Write JSON events, one a line; the same as --output json.")
    var json = false

    @Option(
        name: .shortWithValue("i", "interface"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Only drops on this interface; shell globs; repeatable.", valueName: "iface"))
    var interface: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only this network namespace: NAME, PID, PATH or inode:N.", valueName: "netns"))
    var netns: String?

    @Option(
        help: ArgumentHelp("Show only drops from these addresses.", valueName: "cidr"), transform: PrefixArgument.parse)
    var source: PrefixArgument?

    @Option(
        help: ArgumentHelp("Show only drops to these addresses.", valueName: "cidr"), transform: PrefixArgument.parse)
    var destination: PrefixArgument?

    @Flag(help: "Show drops for any other reason too; they are always counted.")
    var allDrops = false

    @Option(
        name: .shortWithValue("c", "count"), help: "Stop after this many shown drops.", transform: PositiveCount.parse)
    var count: PositiveCount?

    @Option(
        name: .shortWithValue("d", "duration"),
        help: ArgumentHelp("Stop after this time: 500ms, 30s, 5m, 1h.", valueName: "time"), transform: TimeSpan.parse)
    var duration: TimeSpan?

    @Option(
        help: ArgumentHelp("How often stats events are written. (default: 60s)", valueName: "time"),
        transform: TimeSpan.parse)
    var statsInterval = TimeSpan(nanoseconds: 60_000_000_000)

    @Option(help: "Force a hook tier: auto, fexit, kprobe or tracepoint.")
    var tier: TierChoice = .auto

    @Flag(help: "Exit 1 when drops by rp_filter were seen.")
    var failOnDrop = false

    @Flag(help: "Exit 6 when some drops could not be accounted for.")
    var strict = false

    @Flag(name: .shortAndLong, help: "Nothing on stderr but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more on stderr: refused tiers, hooks, namespaces.")
    var verbose = false

    @Option(help: "Colour: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    mutating func run() throws {
        let status = try TraceLoop.prepare(self).run()
        if status != .done { throw status }
    }
}

extension TraceCommand {
    var format: OutputFormat { json ? .json : output }

    /// How text on stdout looks.
    var style: Style { color.style(isTerminal: Terminal.isOutput) }

    /// How text on stderr looks.
    var errorStyle: Style { color.style(isTerminal: Terminal.isError) }

    /// Whether somebody watches stderr and nothing else moves there.
    var showsStatus: Bool { Terminal.isError && !quiet && !(follow && Terminal.isOutput) }

    /// The filters as the user wrote them.
    var filters: TraceFilters {
        TraceFilters(
            interfaces: interface, namespace: netns, source: source?.prefix.description,
            destination: destination?.prefix.description, allDrops: allDrops)
    }
}
