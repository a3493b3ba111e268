// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the environment asks of text output.
enum Environment {
    /// False when NO_COLOR is set and not empty (no-color.org), or the terminal is `dumb`.
    static var wantsColor: Bool { (value("NO_COLOR") ?? "").isEmpty && value("TERM") != "dumb" }

    private static func value(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
