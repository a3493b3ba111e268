// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc

/// What an ended program left behind.
package struct CommandOutput: Sendable {
    /// Exit status, or 128 + N for signal N.
    package let status: Int32
    package let standardOutput: String
    package let standardError: String

    package var succeeded: Bool { status == 0 }
}

/// Runs a program to its end, in the calling thread's network namespace. The program is found through PATH.
package func run(_ arguments: [String], input: String? = nil) throws(LabError) -> CommandOutput {
    let name = arguments.joined(separator: " ")
    let output = try Descriptor(lab_temporary_file(), "memfd_create", name)
    let errors = try Descriptor(lab_temporary_file(), "memfd_create", name)
    var standardInput: Descriptor?
    if let input {
        let file = try Descriptor(lab_temporary_file(), "memfd_create", name)
        try file.write(Array(input.utf8), name)
        lseek(file.number, 0, SEEK_SET)
        standardInput = file
    }
    let process = try spawn(
        arguments, input: standardInput?.number ?? -1, output: output.number, error: errors.number)
    let status = lab_wait(process, 1)
    return CommandOutput(
        status: status, standardOutput: String(decoding: output.readAll(), as: UTF8.self),
        standardError: String(decoding: errors.readAll(), as: UTF8.self))
}

/// The same, and anything but exit status 0 is an error; returns what it printed.
@discardableResult
package func runSuccessfully(_ arguments: [String], input: String? = nil) throws(LabError) -> String {
    let result = try run(arguments, input: input)
    guard result.succeeded else {
        throw LabError("\(arguments.joined(separator: " ")): exit \(result.status): \(result.standardError)")
    }
    return result.standardOutput
}

/// Ends a program that was started with `spawn`, and waits for it.
package func endProcess(_ process: Int32) {
    kill(process, SIGKILL)
    _ = lab_wait(process, 1)
}

/// Starts a program in the calling thread's network namespace; descriptors below 0 become /dev/null. Its process ID.
package func spawn(
    _ arguments: [String], input: Int32 = -1, output: Int32 = -1, error: Int32 = -1
) throws(LabError) -> Int32 {
    var pointers: [UnsafePointer<CChar>?] = unsafe arguments.map { unsafe UnsafePointer(strdup($0)) } + [nil]
    defer { unsafe pointers.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
    let process = unsafe lab_spawn(&pointers, input, output, error)
    guard process > 0 else {
        throw LabError("posix_spawn", arguments.joined(separator: " "), errno: -process)
    }
    return process
}
