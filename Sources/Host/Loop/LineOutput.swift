// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage

/// Writes lines so that a reader gets each at once and whole: one write(2) a call, continued only where the kernel took
/// a part.
package struct LineOutput: ~Copyable {
    private let number: CInt

    /// Standard output. From now on a reader that goes away is an error of `write`, not a signal that ends the program.
    package static func standardOutput() -> LineOutput {
        signal(SIGPIPE, SIG_IGN)
        return LineOutput(number: STDOUT_FILENO)
    }

    /// On a descriptor that somebody else owns.
    init(number: CInt) {
        self.number = number
    }

    /// Writes `bytes`, which end with a newline. `closedPipe` when the reader went away.
    package borrowing func write(_ bytes: [UInt8]) throws(HostError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Glibc.write(number, base + done, buffer.count - done)
            }
            if count >= 0 {
                done += count
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            // Whoever shares the descriptor made it non-blocking.
            case .resourceTemporarilyUnavailable: Poller.waitUntilWritable(number)
            case let errno: throw HostError(errno: errno, cannot: "write to", "standard output")
            }
        }
    }

    /// Waits until something can be written, or `descriptor` becomes readable: a reader that does not read must not
    /// keep a signal from being noticed. A line of at most PIPE_BUF octets then goes out without waiting.
    package borrowing func waitUntilWritable(orReadable descriptor: CInt) {
        Poller.wait(writable: number, orReadable: descriptor)
    }

    package borrowing func write(_ text: String) throws(HostError) { try write(Array(text.utf8)) }
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
