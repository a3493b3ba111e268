// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc
import Synchronization

/// A folder under /tmp that is gone, with all that is in it, with this value.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws(LabError) {
        path = "/tmp/lab-\(getpid())-folder-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        guard unsafe mkdir(path, 0o700) == 0 else { throw LabError("mkdir", path, errno: errno) }
    }

    deinit { _ = try? run(["rm", "-r", "--", path]) }

    private static let counter = Atomic(0)
}

/// `rpfwatch fix` on a testbed whose client sends all the while. Each has a folder of its own for what it leaves on disk, so
/// that several can run at once.
package final class TrialRun {
    package let testbed: Testbed
    package let folder: TemporaryFolder
    private let traffic: Traffic

    package init(on testbed: Testbed, sending traffic: Traffic) throws {
        self.testbed = testbed
        self.traffic = traffic
        folder = try TemporaryFolder()
    }

    /// What is on disk while a trial lasts.
    package var recordPath: String { "\(folder.path)/fix.json" }

    package var hasRecord: Bool { contents(of: recordPath) != nil }

    /// What `trace` finds in the traffic, as recorded JSON.
    package func recordFindings(prefix: [String] = []) throws -> TraceEvents {
        let trace = try RpfwatchProcess(["trace", "--json", "--netns", testbed.host.argument], prefix: prefix)
        try trace.waitForStart()
        try testbed.send(traffic)
        // With a prefix it may not be the process that was started.
        kill(child(of: trace.processID, named: "rpfwatch") ?? trace.processID, SIGINT)
        return TraceEvents(try trace.finish())
    }

    /// `prefix`: the program that runs it, with its arguments.
    package func start(_ arguments: [String], prefix: [String] = []) throws -> RpfwatchProcess {
        try RpfwatchProcess(["fix"] + arguments, prefix: prefix + ["env", "RUNTIME_DIRECTORY=\(folder.path)"])
    }

    /// Sends until `condition` holds; false when it never does.
    package func send(within seconds: Double = 60, until condition: () throws -> Bool) throws -> Bool {
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end {
            if try condition() { return true }
            try testbed.send(traffic)
            usleep(20_000)
        }
        return try condition()
    }

    /// Runs it to its end while the client sends.
    package func run(
        _ arguments: [String], prefix: [String] = [], within seconds: Double = 90
    ) throws -> RpfwatchProcess.Outcome {
        let process = try start(arguments, prefix: prefix)
        _ = try send(within: seconds) { process.read(within: 0.01) { !$0.isEmpty } || process.ends(within: 0.001) }
        return try process.finish()
    }
}

/// The number of a process that a process started; nil when there is none of that name.
package func child(of process: Int32, named part: String) -> Int32? {
    for name in names(in: "/proc") {
        guard let number = Int32(name), let status = contents(of: "/proc/\(name)/status"),
            status.contains("\nPPid:\t\(process)\n"),
            (contents(of: "/proc/\(name)/cmdline") ?? "").contains(part)
        else { continue }
        return number
    }
    return nil
}
