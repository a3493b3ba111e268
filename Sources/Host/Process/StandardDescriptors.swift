// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Gives standard input, output and error something to stand for when they were closed, before anything is opened: a
/// kernel object that came to be number 1 would be written to as if it were the output. Writing fails then, as it should.
package func occupyStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
        // The lowest free number is the one that was found closed.
        _ = unsafe open("/dev/null", O_RDONLY)
    }
}
