// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import SystemPackage

/// A second process of this program, which goes on when this one is killed. They talk in lines: the guard notices the end
/// of this process by the end of its input.
package struct GuardProcess: ~Copyable {
    /// The numbers under which the guard finds what it is handed.
    package static let lockNumber: CInt = 3
    package static let namespaceNumber: CInt = 4

    /// What the guard was handed, which programs that it starts are not to have.
    static func inherited(_ number: CInt) throws(HostError) -> Descriptor {
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else {
            throw HostError(errno: .current, cannot: "take over what the trial holds open")
        }
        return try Descriptor(number, cannot: "take over what the trial holds open")
    }

    /// The namespace of the trial, in the guard.
    package static func inheritedNamespace() throws(HostError) -> NetworkNamespace {
        let file = try inherited(namespaceNumber)
        return try NetworkNamespace(path: "/proc/self/fd/\(file.number)")
    }

    private let process: pid_t
    private let input: Descriptor
    private let output: Descriptor
    private var reader = LineReader()

    /// Starts this program again with one argument, in the given namespace's care and holding the trial's lock.
    package init(
        argument: String, file: borrowing TrialFile, namespace: borrowing NetworkNamespace
    ) throws(HostError) {
        let toGuard = try pipeEnds()
        let guardsInput = try Descriptor(toGuard.reader, cannot: "make a pipe")
        let input = try Descriptor(toGuard.writer, cannot: "make a pipe")
        let fromGuard = try pipeEnds()
        let output = try Descriptor(fromGuard.reader, cannot: "make a pipe")
        let guardsOutput = try Descriptor(fromGuard.writer, cannot: "make a pipe")
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // dup2 clears the mark that closes a descriptor in new programs, but not onto itself: so by way of numbers that
        // none of them has.
        let handed = [
            (guardsInput.number, STDIN_FILENO), (guardsOutput.number, STDOUT_FILENO),
            (file.lockDescriptor, Self.lockNumber), (namespace.descriptorNumber, Self.namespaceNumber),
        ]
        for (place, (number, _)) in handed.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, number, 200 + CInt(place))
        }
        for (place, (_, target)) in handed.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, 200 + CInt(place), target)
            unsafe posix_spawn_file_actions_addclose(&actions, 200 + CInt(place))
        }
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var environment = ["LC_ALL=C"]
        if let directory = unsafe getenv("RUNTIME_DIRECTORY") {
            unsafe environment.append("RUNTIME_DIRECTORY=\(String(cString: directory))")
        }
        var process = pid_t()
        let arguments = ["rpfwatch", argument]
        let status = unsafe withCStrings(arguments.map { Array($0.utf8) }) { arguments in
            unsafe withCStrings(environment.map { Array($0.utf8) }) { environment in
                unsafe posix_spawn(&process, "/proc/self/exe", &actions, nil, arguments, environment)
            }
        }
        guard status == 0 else { throw HostError(errno: Errno(rawValue: status), cannot: "start the guard process") }
        self.process = process
        self.input = input
        self.output = output
    }

    /// Readable when the guard has said something or has ended.
    package var descriptor: CInt { output.number }

    /// Sends a line; false when the guard is gone.
    package borrowing func send(_ line: [UInt8]) -> Bool {
        let bytes = line.last == UInt8(ascii: "\n") ? line : line + [UInt8(ascii: "\n")]
        return (try? LineOutput(number: input.number).write(bytes)) != nil
    }

    /// The next line without its newline; nil when the guard is gone, or says nothing for `nanoseconds`.
    package mutating func line(within nanoseconds: UInt64) -> [UInt8]? {
        reader.line(from: output.number, within: nanoseconds)
    }

    /// Waits for its end.
    package borrowing func join() {
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) < 0 && Errno.current == .interrupted {}
    }
}

private func pipeEnds() throws(HostError) -> (reader: CInt, writer: CInt) {
    var ends: [CInt] = [-1, -1]
    guard unsafe clinux_pipe(&ends) == 0 else { throw HostError(errno: .current, cannot: "make a pipe") }
    return (ends[0], ends[1])
}

/// Reads lines from a descriptor as they come.
package struct LineReader {
    private var pending: [UInt8] = []
    /// Longer than any line that the two processes send each other.
    private static let limit = 16 << 20

    package init() {}

    /// The next line without its newline; nil at the end, or when none is complete after `nanoseconds`.
    package mutating func line(from number: CInt, within nanoseconds: UInt64) -> [UInt8]? {
        let deadline = MonotonicClock.now + nanoseconds
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return Array(pending[..<end])
            }
            let now = MonotonicClock.now
            guard now < deadline, pending.count <= Self.limit,
                Poller.wait([number], nanoseconds: deadline - now)[0]
            else { return nil }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) }
            if count > 0 {
                pending += chunk.prefix(count)
            } else if count == 0 || Errno.current != .interrupted {
                return nil
            }
        }
    }
}
