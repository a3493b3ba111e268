// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Runs `body` on a thread made for it and waits for its end. A thread that changed its network namespace is thrown
/// away, not restored: there is nothing that could fail half way.
func onNewThread<T: ~Copyable>(_ body: () throws(HostError) -> T) throws(HostError) -> T {
    let slot = UnsafeMutablePointer<Result<T, HostError>>.allocate(capacity: 1)
    defer { unsafe slot.deallocate() }
    let status = withoutActuallyEscaping({
        do throws(HostError) {
            unsafe slot.initialize(to: .success(try body()))
        } catch {
            unsafe slot.initialize(to: .failure(error))
        }
    }) { (work: @escaping () -> Void) -> CInt in
        let start = ThreadStart(work)
        return start.runAndJoin()
    }
    guard status == 0 else { throw HostError(errno: Errno(rawValue: status), cannot: "start a thread") }
    return try unsafe slot.move().get()
}

/// The context of a thread: a C start routine takes one pointer.
private final class ThreadStart {
    private let work: () -> Void

    init(_ work: @escaping () -> Void) {
        self.work = work
    }

    /// The work is done when this returns 0; it was not begun for any other number, which is an errno.
    func runAndJoin() -> CInt {
        var thread = pthread_t()
        let status = withExtendedLifetime(self) {
            unsafe pthread_create(
                &thread, nil,
                { context in
                    if let context = unsafe context {
                        unsafe Unmanaged<ThreadStart>.fromOpaque(context).takeUnretainedValue().work()
                    }
                    return nil
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        guard status == 0 else { return status }
        return pthread_join(thread, nil)
    }
}
