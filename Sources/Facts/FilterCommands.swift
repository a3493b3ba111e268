// SPDX-License-Identifier: Apache-2.0

/// A change of one packet filter rule and the way back, as programs to run inside of the namespace, without a shell.
package struct FilterCommands: Hashable, Sendable {
    /// A program and its arguments, in octets, since an interface's name may hold any.
    package typealias Words = [[UInt8]]

    /// Shows whether a rule still is the one that is meant: what changes it names it by a position or a number only.
    package struct Probe: Hashable, Sendable {
        package var command: Words
        /// A line of what the command has to print, without the white space around it.
        package var line: [UInt8]
        /// It has to print nothing else.
        package var isOnlyLine: Bool

        package init(command: Words, line: [UInt8], isOnlyLine: Bool) {
            self.command = command
            self.line = line
            self.isOnlyLine = isOnlyLine
        }

        /// Whether the rule is the one that is meant, by what the command printed.
        package func holds(for output: [UInt8]) -> Bool {
            let lines = output.split(separator: UInt8(ascii: "\n")).map(trimmed)
            return isOnlyLine ? lines.count == 1 && lines[0] == line : lines.contains(line)
        }
    }

    package struct Step: Hashable, Sendable {
        /// Run first; the command is only run when it holds. Nil: the command cannot hit another rule.
        package var probe: Probe?
        package var command: Words

        package init(probe: Probe?, command: Words) {
            self.probe = probe
            self.command = command
        }
    }

    package var apply: Step
    package var revert: Step

    package init(apply: Step, revert: Step) {
        self.apply = apply
        self.revert = revert
    }
}

private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
    func isSpace(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
    var line = line.drop(while: isSpace)
    while let last = line.last, isSpace(last) { line.removeLast() }
    return Array(line)
}
