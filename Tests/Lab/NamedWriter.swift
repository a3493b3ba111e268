// SPDX-License-Identifier: Apache-2.0

extension Namespace {
    /// Lets a process of a chosen name write values into files below /proc/sys, in their order; its number and its
    /// parent's. Each value is what `echo` prints.
    @discardableResult
    package func writeSysctls(
        _ values: [(path: String, value: String)], as command: String
    ) throws -> (process: Int, parent: Int) {
        let lines = values.map { "echo '\($0.value)' > '/proc/sys/\($0.path)'" }
        // The shell's own words, not programs: /proc/self is the shell.
        let script = (["printf %s '\(command)' > /proc/self/comm"] + lines + ["echo $$ $PPID"]).joined(separator: "; ")
        let numbers = try run(["sh", "-c", script]).split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard numbers.count == 2 else { throw LabError("the shell did not say who it is: \(numbers)") }
        return (numbers[0], numbers[1])
    }
}
