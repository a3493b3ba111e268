// SPDX-License-Identifier: Apache-2.0
import CEvent
import CLab
import Glibc

/// The program under test, running: the built binary with its own standard output and error.
package final class RpfwatchProcess {
    /// What it left behind.
    package struct Outcome {
        /// Exit status, or 128 + N for signal N.
        package var status: Int32
        package var lines: [String]
        package var standardError: String

        /// Its lines as JSON, in order; nil when one of them is not.
        package var events: [JSONValue]? {
            let events = lines.compactMap { JSONValue($0) }
            return events.count == lines.count ? events : nil
        }
    }

    package let processID: Int32
    private let output: Descriptor?
    private let errors: Descriptor
    private var partial: [UInt8] = []
    private var isAtEnd = false
    private var status: Int32?
    /// Lines of standard output read so far.
    package private(set) var lines: [String] = []

    /// Starts it in the calling thread's network namespace. `output` takes the place of the pipe that is read here.
    package init(_ arguments: [String], output: Int32? = nil, prefix: [String] = []) throws(LabError) {
        errors = try Descriptor(lab_temporary_file(), "memfd_create", "")
        let command = prefix + [Self.path] + arguments + Self.tierArguments(arguments)
        if let output {
            self.output = nil
            isAtEnd = true
            processID = try spawn(command, output: output, error: errors.number)
        } else {
            let pipe = try Pipe()
            processID = try spawn(command, output: pipe.writer.number, error: errors.number)
            self.output = pipe.reader
        }
    }

    deinit {
        if status == nil {
            kill(processID, SIGKILL)
            _ = lab_wait(processID, 1)
        }
    }

    /// Runs it to its end.
    package static func run(
        _ arguments: [String], output: Int32? = nil, prefix: [String] = [], within seconds: Double = 30
    ) throws -> Outcome {
        try RpfwatchProcess(arguments, output: output, prefix: prefix).finish(within: seconds)
    }

    /// The binary: RPFWATCH of the environment, else the one that was built.
    package static let path: String = {
        if let path = unsafe getenv("RPFWATCH") { return unsafe String(cString: path) }
        return built("rpfwatch")
    }()

    /// `--tier` with RPFWATCH_TIER of the environment, for traces that do not choose themselves.
    private static func tierArguments(_ arguments: [String]) -> [String] {
        guard arguments.first == "trace", !arguments.contains("--tier"), let tier = unsafe getenv("RPFWATCH_TIER")
        else { return [] }
        return ["--tier", unsafe String(cString: tier)]
    }

    /// A program of this package: the one built beside this program or test bundle, else the one in PATH.
    package static func built(_ program: String) -> String {
        let own = linkTarget("/proc/self/exe") ?? ""
        // The test runner is another program; the bundle it was asked to run stands in its arguments.
        let arguments = (contents(of: "/proc/self/cmdline") ?? "").split(separator: "\0").map(String.init)
        for beside in [own] + arguments where beside.hasPrefix("/") {
            let path = beside.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(program)"
            if isExecutable(path) { return path }
        }
        let debug = ".build/debug/\(program)"
        return isExecutable(debug) ? debug : program
    }

    /// What it wrote to standard error so far.
    package var standardError: String {
        String(decoding: errors.readAll(), as: UTF8.self)
    }

    /// Reads standard output until `condition` holds for the lines so far; false when the time or the output ended first.
    package func read(within seconds: Double, until condition: ([String]) -> Bool) -> Bool {
        let deadline = monotonicSeconds() + seconds
        while !condition(lines) {
            let left = deadline - monotonicSeconds()
            guard let output, !isAtEnd, left > 0 else { return false }
            guard output.isReadable(within: Int32(left * 1_000) + 1) else { continue }
            guard let bytes = output.readSome(), !bytes.isEmpty else {
                isAtEnd = true
                continue
            }
            var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
            partial += pieces.removeFirst()
            for piece in pieces {
                lines.append(String(decoding: partial, as: UTF8.self))
                partial = Array(piece)
            }
        }
        return true
    }

    /// Waits for the `start` event of `--json`: from here on no drop is missed.
    package func waitForStart(within seconds: Double = 60) throws(LabError) {
        let started = read(within: seconds) { lines in
            lines.first.flatMap { JSONValue($0) }?["event.action"]?.string == "start"
        }
        guard started else {
            throw LabError("rpfwatch did not say start; it said \(lines) and on standard error: \(standardError)")
        }
    }

    /// How many drops came while another one was in its programs on that CPU and were counted all the same, from the map in
    /// which the programs say so; nil when it cannot be read.
    package var nestedDrops: Int? {
        var counts: Int?
        for map in openMaps {
            // More CPUs than there can be: the kernel fills in as many as there are.
            var states = [rpfw_cpu](repeating: rpfw_cpu(), count: 8_192)
            var key: UInt32 = 0
            let result = unsafe states.withUnsafeMutableBytes { states in
                guard let states = states.baseAddress else { return -EINVAL }
                return unsafe lab_bpf_map_value(map, "cpus", &key, states)
            }
            if result == 0 { counts = states.reduce(0) { $0 + Int($1.second_chances + $1.interruptions) } }
        }
        return counts
    }

    /// Identifiers of its BPF maps.
    private var openMaps: Set<UInt32> {
        let descriptors = names(in: "/proc/\(processID)/fdinfo")
        let lines = descriptors.flatMap {
            (contents(of: "/proc/\(processID)/fdinfo/\($0)") ?? "").split(separator: "\n")
        }
        let identifiers = lines.filter { $0.hasPrefix("map_id:") }.compactMap { $0.split(separator: "\t").last }
        return Set(identifiers.compactMap { UInt32($0) })
    }

    package func signal(_ number: Int32) { kill(processID, number) }

    /// Waits until it has taken a signal: two that are sent at once would arrive as one.
    package func takes(_ number: Int32) -> Bool {
        eventually {
            let lines = (contents(of: "/proc/\(processID)/status") ?? "").split(separator: "\n")
            let pending = lines.first { $0.hasPrefix("ShdPnd:") }?.split(separator: "\t").last ?? "0"
            return (UInt64(pending, radix: 16) ?? 0) & 1 << UInt64(number - 1) == 0
        }
    }

    /// Stops it in its tracks while `body` runs, so that it sees everything that happens there only afterwards.
    package func pause<Value>(_ body: () throws -> Value) rethrows -> Value {
        signal(SIGSTOP)
        defer { signal(SIGCONT) }
        _ = eventually { (contents(of: "/proc/\(processID)/stat") ?? "").contains(") T ") }
        return try body()
    }

    /// Asks it to stop as Ctrl-C does, and waits for the rest.
    package func interruptAndFinish(within seconds: Double = 60) throws(LabError) -> Outcome {
        signal(SIGINT)
        return try finish(within: seconds)
    }

    /// Whether it ends without anybody reading on.
    package func ends(within seconds: Double) -> Bool {
        eventually(within: seconds) {
            let result = lab_wait(processID, 0)
            if result != -EAGAIN { status = result }
            return result != -EAGAIN
        }
    }

    /// Reads to the end of its output and waits for the process.
    package func finish(within seconds: Double = 60) throws(LabError) -> Outcome {
        let deadline = monotonicSeconds() + seconds
        _ = read(within: seconds) { _ in false }
        let ended = eventually(within: max(deadline - monotonicSeconds(), 1)) {
            if status == nil || status == -EAGAIN { status = lab_wait(processID, 0) }
            return status != -EAGAIN
        }
        guard ended, let status else {
            self.status = nil
            throw LabError("rpfwatch did not end within \(seconds) s; standard error: \(standardError)")
        }
        if !partial.isEmpty { lines.append(String(decoding: partial, as: UTF8.self)) }
        return Outcome(status: status, lines: lines, standardError: standardError)
    }
}
