// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Owns the terminal on standard input while single keys are read from it; gives it back as it was.
package struct TerminalKeys: ~Copyable {
    private let former: termios

    /// Nil when standard input is no terminal, or this program is not in its foreground.
    package static func take() -> TerminalKeys? {
        var settings = termios()
        guard isatty(STDIN_FILENO) != 0, tcgetpgrp(STDIN_FILENO) == getpgrp(),
            unsafe tcgetattr(STDIN_FILENO, &settings) == 0
        else { return nil }
        let former = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
        return TerminalKeys(former)
    }

    private init(_ former: termios) { self.former = former }

    deinit {
        var settings = former
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// To wait on.
    package var descriptor: CInt { STDIN_FILENO }

    /// The key that was pressed; nil when there is none.
    package borrowing func key() -> UInt8? {
        guard Poller.wait([STDIN_FILENO], nanoseconds: 0)[0] else { return nil }
        var byte: UInt8 = 0
        return unsafe read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
    }
}
