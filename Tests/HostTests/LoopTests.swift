// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage
import Testing

@testable import Host

@Suite struct LoopTests {
    private final class Pipe {
        let ends: [CInt]

        init() {
            var ends: [CInt] = [-1, -1]
            _ = unsafe clinux_pipe(&ends)
            self.ends = ends
        }

        func closeReader() { close(ends[0]) }
        func closeWriter() { close(ends[1]) }

        /// Everything that was written, in the pieces it was written in where the pipe keeps them.
        func read(_ limit: Int) -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: limit)
            let count = unsafe Glibc.read(ends[0], &buffer, limit)
            return Array(buffer.prefix(max(count, 0)))
        }
    }

    @Test func pollTellsWhichCanBeRead() {
        let quiet = Pipe()
        let ready = Pipe()
        _ = unsafe write(ready.ends[1], "x", 1)
        #expect(Poller.wait([quiet.ends[0], ready.ends[0], -1], nanoseconds: nil) == [false, true, false])
        let clock = ContinuousClock()
        var isReady = true
        let time = clock.measure { isReady = Poller.wait([quiet.ends[0]], nanoseconds: 1_500_000)[0] }
        #expect(!isReady && time >= .milliseconds(1.5))
        quiet.closeWriter()
        #expect(Poller.wait([quiet.ends[0]], nanoseconds: nil) == [true], "an end is to be noticed")
    }

    @Test func signalsArriveAsData() throws {
        // A signal of the process could be taken by a thread of the test runner; these are the thread's own.
        try onNewThread { () throws(HostError) in
            let signals = try SignalDescriptor()
            #expect(signals.pending().isEmpty)
            pthread_kill(pthread_self(), SIGTERM)
            pthread_kill(pthread_self(), SIGHUP)
            #expect(Poller.wait([signals.descriptor], nanoseconds: 0) == [true])
            #expect(signals.pending().sorted() == [SIGHUP, SIGTERM])
            #expect(signals.pending().isEmpty)
        }
    }

    @Test func theLastSignalDescriptorGivesTheSignalsBack() throws {
        try onNewThread { () throws(HostError) in
            func isBlocked() -> Bool {
                var mask = sigset_t()
                unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
                return unsafe sigismember(&mask, SIGHUP) == 1
            }
            // Threads of the test runner may have been started with all signals blocked.
            var none = sigset_t()
            unsafe sigemptyset(&none)
            unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
            do {
                let signals = try SignalDescriptor()
                #expect(isBlocked() && signals.descriptor >= 0)
            }
            #expect(!isBlocked())
        }
    }

    @Test func linesArriveWholeAndAtOnce() throws {
        let pipe = Pipe()
        let output = LineOutput(number: pipe.ends[1])
        try output.write("{\"a\":1}\n")
        #expect(pipe.read(100) == Array("{\"a\":1}\n".utf8))
    }

    @Test func aLineLongerThanThePipeIsWrittenWhole() throws {
        let pipe = Pipe()
        // Another program that shares the pipe may have made it non-blocking.
        _ = fcntl(pipe.ends[1], F_SETFL, fcntl(pipe.ends[1], F_GETFL) | O_NONBLOCK)
        let line = [UInt8](repeating: 0x61, count: 1 << 20) + [0x0A]
        var received = 0
        try withoutActuallyEscaping({
            while case let count = pipe.read(1 << 16).count, count > 0 { received += count }
        }) { read in
            let reader = Background(read)
            try LineOutput(number: pipe.ends[1]).write(line)
            // Ends the reader also when a part of the line is missing.
            pipe.closeWriter()
            reader.join()
        }
        #expect(received == line.count)
    }

    @Test func aReaderThatWentAwayIsAnErrorAndNoSignal() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        pipe.closeReader()
        do throws(HostError) {
            try LineOutput(number: pipe.ends[1]).write("x\n")
            Issue.record("the write succeeded")
        } catch {
            #expect(error.kind == .closedPipe)
        }
    }

    @Test func aFullDiskIsAnError() throws {
        let full = try Descriptor(unsafe open("/dev/full", O_WRONLY | O_CLOEXEC), cannot: "open", "/dev/full")
        do throws(HostError) {
            try LineOutput(number: full.number).write("x\n")
            Issue.record("the write succeeded")
        } catch {
            #expect(error.kind == .failed)
            #expect(error.description == "cannot write to standard output: No space left on device; free some space")
        }
    }

    /// A thread beside the test.
    private final class Background {
        private var thread = pthread_t()
        private let work: () -> Void

        init(_ work: @escaping () -> Void) {
            self.work = work
            _ = unsafe pthread_create(
                &thread, nil,
                { context in
                    if let context = unsafe context {
                        unsafe Unmanaged<Background>.fromOpaque(context).takeUnretainedValue().work()
                    }
                    return nil
                }, Unmanaged.passUnretained(self).toOpaque())
        }

        func join() { _ = pthread_join(thread, nil) }
    }

    @Test func aConfigurationFileGetsItsDirectoryAndNoReaders() throws {
        let tree = try FileTree(["/etc/10-a0.network": ""])
        let path = tree.place("/etc/10-a0.network.d/50-x.conf").string
        for isPrivate in [false, true] {
            try replaceConfiguration(path, with: Array("\(isPrivate)".utf8), isPrivate: isPrivate)
            #expect(Files.line(tree.place("/etc/10-a0.network.d/50-x.conf")) == "\(isPrivate)")
            let mode = try Files.status(tree.place("/etc/10-a0.network.d/50-x.conf")).st_mode & 0o077
            #expect((mode & 0o004 == 0) == isPrivate)
        }
        #expect(throws: HostError.self) {
            try replaceConfiguration(tree.place("/no/such/x").string, with: [], isPrivate: false)
        }
    }
}
