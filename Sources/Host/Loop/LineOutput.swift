// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage

/// Writes lines so that a reader gets each at once and whole: one write(2) a call, continued only where the kernel took
/// a part.
package struct LineOutput: ~Copyable {
    private let path: String?
    private var file: Descriptor?
    private let number: CInt?

    /// Standard output. From now on a reader that goes away is an error of `write`, not a signal that ends the program.
    package static func standardOutput() -> LineOutput {
        signal(SIGPIPE, SIG_IGN)
        return LineOutput(number: STDOUT_FILENO)
    }

    /// A file that lines are added to; made, for its owner alone, when it is not there.
    package init(path: String) throws(HostError) {
        let file = try Self.open(path)
        self.path = path
        self.file = consume file
        number = nil
    }

    init(number: CInt) {
        path = nil
        file = nil
        self.number = number
    }

    /// Opens the file by its name again, after somebody moved it away; on an error the old one stays in use.
    package mutating func reopen() throws(HostError) {
        if let path { file = try Self.open(path) }
    }

    /// Writes `bytes`, which end with a newline. `closedPipe` when the reader went away.
    package borrowing func write(_ bytes: [UInt8]) throws(HostError) {
        let target = descriptor
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Glibc.write(target, base + done, buffer.count - done)
            }
            if count >= 0 {
                done += count
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            // Whoever shares the descriptor made it non-blocking.
            case .resourceTemporarilyUnavailable: Poller.waitUntilWritable(target)
            case let errno: throw HostError(errno: errno, cannot: "write to", path ?? "standard output")
            }
        }
    }

    /// Waits until something can be written, or `descriptor` becomes readable: a reader that does not read must not
    /// keep a signal from being noticed. A line of at most PIPE_BUF octets then goes out without waiting.
    package borrowing func waitUntilWritable(orReadable descriptor: CInt) {
        Poller.wait(writable: self.descriptor, orReadable: descriptor)
    }

    package borrowing func write(_ text: String) throws(HostError) { try write(Array(text.utf8)) }

    private var descriptor: CInt {
        if let number { return number }
        switch file {
        case .some(let file): return file.number
        case .none: return -1
        }
    }

    private static func open(_ path: String) throws(HostError) -> Descriptor {
        try Descriptor(
            unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600), cannot: "open", path,
            remedy: "name a file that can be written")
    }
}

/// What standard output and standard error are connected to.
package enum Terminal {
    package static var isOutput: Bool { isatty(STDOUT_FILENO) != 0 }
    package static var isError: Bool { isatty(STDERR_FILENO) != 0 }

    /// Columns of the terminal on standard output, else on standard error; nil when neither is one.
    package static var columns: Int? {
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            let columns = clinux_terminal_columns(number)
            if columns > 0 { return Int(columns) }
        }
        return nil
    }
}
