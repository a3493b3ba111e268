// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What is said to a person on stderr beside the data on stdout.
struct Messages {
    let isQuiet: Bool
    let isVerbose: Bool

    /// A sentence that everybody gets.
    func note(_ sentence: String) {
        if !isQuiet { writeToStandardError("rpfwatch: \(sentence)\n") }
    }

    /// A sentence for who asked for more.
    func detail(_ sentence: String) {
        if isVerbose { writeToStandardError("rpfwatch: \(sentence)\n") }
    }
}

/// Writes to stderr at once; whatever happens to it is not worth failing for.
func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
