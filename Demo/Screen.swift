// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the demo writes: for a person, one thought a line, each at once.
enum Screen {
    /// What rpfwatch is told, as its output goes through the demo.
    static var color: String {
        let isPlain = unsafe getenv("NO_COLOR") != nil || isatty(STDOUT_FILENO) == 0
        return isPlain ? "never" : "always"
    }

    static func title(_ text: String) {
        show("\n\(text)\n\(String(repeating: "=", count: text.count))")
    }

    static func step(_ number: Int, _ text: String) {
        show("\n\(number). \(text)")
    }

    static func note(_ text: String) {
        show("   \(text)")
    }

    /// A command as one would type it.
    static func command(_ text: String) {
        show("   # \(text)")
    }

    /// What another program printed.
    static func quote(_ lines: [String]) {
        for line in lines { show(line.isEmpty ? "   |" : "   | \(line)") }
    }

    static func show(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// One sentence beside the output.
    static func complain(_ sentence: String) { write(sentence + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            // A reader that went away must not keep the demo from cleaning up.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension String {
    /// Filled with spaces to a column.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
