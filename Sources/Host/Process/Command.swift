// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage

/// Runs a program and collects what it writes: bounded in time and size, without a shell.
package enum Command {
    package struct Output: Sendable {
        /// The exit code, or 128 and the signal's number.
        package var status: Int32
        package var standardOutput: [UInt8]
        package var standardError: [UInt8]
    }

    /// Where programs are looked for: never in the user's PATH, which root may not control.
    private static let directories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]

    /// What the programs that are run find in their environment.
    private static let environment = ["PATH=" + directories.joined(separator: ":"), "LC_ALL=C"].map { Array($0.utf8) }

    /// The program's path; nil when it is not installed.
    package static func find(_ name: String) -> String? {
        directories.map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }

    /// Runs `name` in the network namespace that the calling thread is in.
    ///
    /// It is killed when it takes longer than `timeout` nanoseconds or writes more than `limit` octets; both are
    /// errors.
    package static func run(
        _ name: String, _ arguments: [String] = [], timeout: UInt64 = 1_000_000_000, limit: Int = 8 << 20
    ) throws(HostError) -> Output {
        try run(name, octets: arguments.map { Array($0.utf8) }, timeout: timeout, limit: limit)
    }

    /// The same with arguments that need not be text, such as the name of an interface.
    static func run(
        _ name: String, octets arguments: [[UInt8]], timeout: UInt64, limit: Int = 8 << 20
    ) throws(HostError) -> Output {
        guard let path = find(name) else {
            throw HostError(.notFound, cannot: "run", name, reason: "it is not installed")
        }
        let output = try Pipe()
        let errors = try Pipe()
        let process = try spawn(path, [Array(name.utf8)] + arguments, output: output, errors: errors)
        output.closeWriter()
        errors.closeWriter()
        var result = Output(status: 0, standardOutput: [], standardError: [])
        do throws(HostError) {
            try collect(name, output, errors, &result, deadline: MonotonicClock.now + timeout, limit: limit)
        } catch {
            kill(process, SIGKILL)
            _ = wait(process)
            throw error
        }
        result.status = wait(process)
        return result
    }

    private static func spawn(
        _ path: String, _ arguments: [[UInt8]], output: borrowing Pipe, errors: borrowing Pipe
    ) throws(HostError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writer, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors.writer, STDERR_FILENO)
        // The signals that the trace loop blocks and ignores are not the program's business.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        var ignored = sigset_t()
        unsafe sigemptyset(&ignored)
        unsafe sigaddset(&ignored, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &ignored)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var process = pid_t()
        let status = unsafe withCStrings(arguments) { arguments in
            unsafe withCStrings(environment) { environment in
                unsafe posix_spawn(&process, path, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw HostError(errno: Errno(rawValue: status), cannot: "run", path) }
        return process
    }

    private static func collect(
        _ name: String, _ output: borrowing Pipe, _ errors: borrowing Pipe, _ result: inout Output, deadline: UInt64,
        limit: Int
    ) throws(HostError) {
        var isOpen = (true, true)
        while isOpen.0 || isOpen.1 {
            let now = MonotonicClock.now
            guard now < deadline else {
                throw HostError(.timedOut, cannot: "wait for", name, reason: "it takes too long")
            }
            let ready = Poller.wait(
                [isOpen.0 ? output.reader : -1, isOpen.1 ? errors.reader : -1], nanoseconds: deadline - now)
            if ready[0] { isOpen.0 = try output.read(into: &result.standardOutput) }
            if ready[1] { isOpen.1 = try errors.read(into: &result.standardError) }
            guard result.standardOutput.count + result.standardError.count <= limit else {
                throw HostError(.failed, cannot: "read the output of", name, reason: "there is too much of it")
            }
        }
    }

    private static func wait(_ process: pid_t) -> Int32 {
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) < 0 && Errno.current == .interrupted {}
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}

/// A pipe from a program: the writing end is the program's.
private final class Pipe {
    let reader: CInt
    private(set) var writer: CInt

    init() throws(HostError) {
        var ends: [CInt] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { throw HostError(errno: .current, cannot: "make a pipe") }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        _ = Glibc.close(reader)
        closeWriter()
    }

    func closeWriter() {
        if writer >= 0 { _ = Glibc.close(writer) }
        writer = -1
    }

    /// Adds what is there; false at the end.
    func read(into bytes: inout [UInt8]) throws(HostError) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(reader, $0.baseAddress, $0.count) }
        guard count >= 0 else {
            if Errno.current == .interrupted { return true }
            throw HostError(errno: .current, cannot: "read a program's output")
        }
        bytes += chunk.prefix(count)
        return count > 0
    }
}

/// The octets as a null-terminated array of C strings.
func withCStrings<T>(
    _ strings: [[UInt8]], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
) -> T {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
        let copy = (string + [0]).map { CChar(bitPattern: $0) }
        unsafe (pointers + index).initialize(to: strdup(copy))
    }
    unsafe (pointers + strings.count).initialize(to: nil)
    defer {
        for index in strings.indices { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
    return unsafe body(pointers)
}
