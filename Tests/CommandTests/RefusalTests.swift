// SPDX-License-Identifier: Apache-2.0
import Lab
import Testing

/// What cannot be done ends with the contract's exit code and one clear sentence, and standard output stays empty.
@Suite struct RefusalTests {
    @Test(arguments: [
        ["trace", "--netns", "nosuch-namespace"],
        ["trace", "--netns", "/nosuch/path"],
        ["trace", "--netns", "inode:1"],
        ["trace", "--source", "192.0.2.0/33"],
        ["trace", "--source", "example.org"],
        ["trace", "--destination", "192.0.2.0/24/8"],
        ["trace", "--interface", "nosuch0", "--duration", "1s"],
        ["trace", "--interface", "a/b"],
        ["trace", "--tier", "uprobe"],
        ["trace", "--output", "yaml"],
        ["trace", "--duration", "soon"],
        ["trace", "--count=-1"],
        ["trace", "--color", "mauve"],
        ["trace", "--no-such-option"],
        ["no-such-command"],
    ])
    func `a wrong argument is a usage error that names it`(_ arguments: [String]) throws {
        let outcome = try RpfwatchProcess.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.lines.isEmpty)
        let wrong = arguments.last == "1s" ? "nosuch0" : arguments.last?.split(separator: "=").last ?? ""
        #expect(outcome.standardError.contains(wrong))
        #expect(!outcome.standardError.contains("libbpf:"))
    }

    @Test(arguments: [
        (["--source", "192.0.2.0/33"], "192.0.2.0/24"), (["--destination", "::1"], "IPv4"),
        (["--duration", "soon"], "30s"), (["--count", "none"], "whole number"),
    ])
    func `a wrong value is refused with what would be right`(_ arguments: [String], _ remedy: String) throws {
        expectOneSentence(try RpfwatchProcess.run(arguments).standardError, about: remedy)
    }

    @Test func `an argument never reaches the terminal raw`() throws {
        let outcome = try RpfwatchProcess.run(["--\u{1B}[31m"])
        #expect(outcome.status == 2)
        #expect(!outcome.standardError.contains("\u{1B}"))
        expectOneSentence(outcome.standardError, about: "\\x1b[31m")
    }

    @Test(arguments: ["fexit", "kprobe"])
    func `a tier that this kernel refuses ends with 3 and the reason, one that it can do runs`(_ tier: String) throws {
        let outcome = try RpfwatchProcess.run(["trace", "--tier", tier, "--duration", "100ms", "--json"])
        if outcome.status == 0 {
            let events = TraceEvents(outcome)
            #expect(events.problems.isEmpty)
            #expect(events.all.first?["rpf.trace.tier"] == .string(tier))
        } else {
            #expect(outcome.status == 3)
            #expect(outcome.lines.isEmpty)
            expectOneSentence(outcome.standardError, about: tier)
        }
    }

    @Test func `without privileges trace ends with 4 and says which are missing`() throws {
        let outcome = try RpfwatchProcess.run(["trace", "--duration", "1s"], prefix: unprivileged)
        #expect(outcome.status == 4)
        #expect(outcome.lines.isEmpty)
        expectOneSentence(outcome.standardError, about: "CAP_BPF")
        #expect(outcome.standardError.contains("root") || outcome.standardError.contains("sudo"))
    }

    @Test func `without the kernel's BTF trace ends with 3 and says so`() throws {
        let hideBTF = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"", "sh"]
        let outcome = try RpfwatchProcess.run(["trace", "--duration", "1s"], prefix: hideBTF)
        #expect(outcome.status == 3)
        #expect(outcome.lines.isEmpty)
        expectOneSentence(outcome.standardError, about: "BTF")
    }

    @Test func `without privileges doctor still works and says what it could not see`() throws {
        let outcome = try RpfwatchProcess.run(["doctor"], prefix: unprivileged)
        #expect(outcome.status == 0)
        #expect(outcome.lines.contains { $0.contains("CAP_BPF") })
    }

    @Test func `report of a file that is not there is a usage error that names it`() throws {
        let outcome = try RpfwatchProcess.run(["report", "/nosuch/recording.json"])
        #expect(outcome.status == 2)
        expectOneSentence(outcome.standardError, about: "/nosuch/recording.json")
    }

    /// Nobody, with no capability in any set.
    private var unprivileged: [String] {
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
    }
}

/// One line that is a sentence, about something, and nothing of a library's own chatter.
func expectOneSentence(
    _ text: String, about subject: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let lines = text.split(separator: "\n")
    #expect(lines.count == 1, "not one sentence: \(text)", sourceLocation: sourceLocation)
    #expect(text.contains(subject), "not about \(subject): \(text)", sourceLocation: sourceLocation)
    #expect(!text.contains("libbpf:"), sourceLocation: sourceLocation)
}
