// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Owns a descriptor that SIGINT, SIGTERM and SIGHUP arrive at instead of ending the program. They are blocked for the
/// calling thread and those it starts later, so it is made first; the end of its life undoes that.
package struct SignalDescriptor: ~Copyable {
    private let file: Descriptor
    private let formerMask: sigset_t

    package init() throws(HostError) {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&mask, number) }
        let file = try Descriptor(
            unsafe signalfd(-1, &mask, CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK)), cannot: "wait for signals")
        var former = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, &mask, &former)
        self.file = file
        formerMask = former
    }

    deinit { release() }

    /// From now on signals do what they did before: the next one to stop ends the program at once. What was already
    /// sent and not yet taken by `pending` counts as next.
    package borrowing func release() {
        var mask = formerMask
        unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
    }

    /// To wait on.
    package var descriptor: CInt { file.number }

    /// The numbers of the signals that have come, without waiting.
    package borrowing func pending() -> [CInt] {
        var result: [CInt] = []
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while unsafe read(file.number, &info, size) == size { result.append(CInt(info.ssi_signo)) }
        return result
    }
}
