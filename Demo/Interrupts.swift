// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Ctrl-C: unwinds to the end of the program, so that every owner removes what it made.
struct Interrupted: Error {}

private let wasInterrupted = Atomic(false)

/// From here on SIGINT, SIGTERM and SIGHUP end the demo at its next step, which is at most two seconds away.
func catchInterrupts() {
    // The first use of a global initialises it under a lock, which a signal handler must not take.
    wasInterrupted.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
        signal(number) { _ in wasInterrupted.store(true, ordering: .relaxed) }
    }
    // Whoever reads the output may go away; cleaning up still has to happen.
    signal(SIGPIPE, SIG_IGN)
}

var isInterrupted: Bool { wasInterrupted.load(ordering: .relaxed) }

func stopIfInterrupted() throws(Interrupted) {
    if isInterrupted { throw Interrupted() }
}
