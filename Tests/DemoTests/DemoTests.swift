// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc
import Lab
import Testing

/// What `make demo` leaves behind when it does not come to its end. That it does come there is a step of `make test`.
@Suite struct DemoTests {
    /// Where in the demo somebody loses patience: the text that was just printed.
    enum Moment: String, CaseIterable {
        case whileClientsWait = "Both clients ask."
        case whileRpfwatchTraces = "rpfwatch trace --follow"
    }

    @Test(.enabled(if: geteuid() == 0, "network namespaces need root"), arguments: Moment.allCases, [SIGINT, SIGTERM])
    func `stopped halfway, it removes its namespaces and processes`(_ moment: Moment, _ signal: Int32) throws {
        let demo = try RunningDemo()
        #expect(demo.waits(for: moment.rawValue))
        #expect(!demo.namespaces.isEmpty)
        kill(demo.process, signal)
        #expect(demo.status(within: 10) == 130)
        #expect(demo.namespaces.isEmpty)
        #expect(demo.children.isEmpty)
    }

    /// In a user namespace without a mapping this user is nobody, and may still read what was built in root's own folder.
    @Test(.enabled(if: hasUserNamespaces, "`unshare --user true` is refused"))
    func `without root it refuses in one sentence and makes nothing`() throws {
        let result = try run(["unshare", "--user", RunningDemo.path])
        #expect(result.status == 4)
        #expect(result.standardOutput.isEmpty)
        #expect(result.standardError.split(separator: "\n").count == 1)
        #expect(result.standardError.contains("sudo make demo"))
    }
}

private let hasUserNamespaces = (try? run(["unshare", "--user", "true"]))?.succeeded == true

/// The built demo, running.
private final class RunningDemo {
    static let path = RpfwatchProcess.built("demo")

    let process: Int32
    private let output: Descriptor
    private var text = ""
    private var exitStatus: Int32?

    init() throws {
        let pipe = try Pipe()
        process = try spawn([Self.path], output: pipe.writer.number)
        output = pipe.reader
    }

    deinit {
        if exitStatus == nil {
            kill(process, SIGKILL)
            _ = lab_wait(process, 1)
        }
    }

    /// True when it prints this text within 20 seconds.
    func waits(for part: String) -> Bool {
        eventually(within: 20) {
            if output.isReadable(within: 100) { text += String(decoding: output.readSome() ?? [], as: UTF8.self) }
            return text.contains(part)
        }
    }

    func status(within seconds: Double) -> Int32? {
        _ = eventually(within: seconds) {
            let status = lab_wait(process, 0)
            if status != -EAGAIN { exitStatus = status }
            return exitStatus != nil
        }
        return exitStatus
    }

    /// Its namespaces that are there now.
    var namespaces: [String] { names(in: "/run/netns").filter { $0.hasPrefix("lab-\(process)-") } }

    /// The processes that it started and that outlived it: their namespace is in their command line.
    var children: [String] {
        names(in: "/proc").filter { name in
            Int32(name) != nil && (contents(of: "/proc/\(name)/cmdline") ?? "").contains("lab-\(process)-")
        }
    }
}
