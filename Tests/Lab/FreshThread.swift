// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc
import Synchronization

/// Runs `body` on a thread made for it and gone afterwards, and waits: a thread that entered another network namespace
/// must never go back into a pool.
package func onFreshThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let outcome = Outcome<Value>()
    let thread = try startThread { outcome.result = Result { try body() } }
    pthread_join(thread, nil)
    guard let result = outcome.result else { throw LabError("the thread ended without a result") }
    return try result.get()
}

/// Runs both at once, each on a CPU of its own, and waits for both.
package func sideBySide(
    _ first: @escaping @Sendable () throws -> Void, _ second: @escaping @Sendable () throws -> Void
) throws {
    let outcomes = (Outcome<Void>(), Outcome<Void>())
    let threads = try [(outcomes.0, first), (outcomes.1, second)].enumerated().map { cpu, work in
        try startThread {
            work.0.result = Result {
                let pinned = lab_pin(Int32(cpu))
                guard pinned == 0 else { throw LabError("pin to CPU", "\(cpu)", errno: -pinned) }
                try work.1()
            }
        }
    }
    for thread in threads { pthread_join(thread, nil) }
    try outcomes.0.result?.get()
    try outcomes.1.result?.get()
}

/// Runs `body` on one CPU and waits; with `realTime` no ordinary task shares it (see `becomeRealTime`).
package func onCPU(_ cpu: Int32, realTime: Bool, _ body: @escaping @Sendable () throws -> Void) throws {
    try onFreshThread {
        let pinned = lab_pin(cpu)
        guard pinned == 0 else { throw LabError("pin to CPU", "\(cpu)", errno: -pinned) }
        if realTime { try becomeRealTime() }
        try body()
    }
}

/// Keeps the kernel from running BPF programs on kprobes in what interrupts the calling thread.
package func holdBackProbes(count: Int) throws(LabError) {
    let result = lab_bpf_map_storm(UInt64(count))
    guard result == 0 else { throw LabError("bpf", "a map", errno: -result) }
}

/// Tells one thread what another one has done.
package final class Flag: Sendable {
    private let value = Atomic(false)

    package init() {}

    package var isSet: Bool { value.load(ordering: .acquiring) }
    package func set() { value.store(true, ordering: .releasing) }

    /// Waits until it is set; false when that takes too long.
    package func wait() -> Bool { eventually { isSet } }
}

/// Keeps every ordinary task off the calling thread's CPU until the thread ends; the kernel lets others in after 0.95 s.
///
/// Sandboxes exist whose kernel runs no BPF program on top of a task of its own agent: there it makes counts exact. Before
/// Linux 6.4 (d15121be7485) it can keep received packets waiting, since those that the kernel once left to its own thread
/// (ksoftirqd) are an ordinary task's work, and nothing is received in the middle of another task meanwhile.
package func becomeRealTime() throws(LabError) {
    let result = lab_real_time()
    guard result == 0 else { throw LabError("sched_setscheduler", "", errno: -result) }
}

/// Starts a thread for work that may block as long as it likes.
package func detachThread(_ body: @escaping @Sendable () -> Void) throws(LabError) {
    pthread_detach(try startThread(body))
}

private func startThread(_ body: @escaping @Sendable () -> Void) throws(LabError) -> pthread_t {
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(Work(body))
    let error = unsafe pthread_create(
        &thread, nil,
        { context in
            guard let context = unsafe context else { return nil }
            unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, context.toOpaque())
    guard error == 0 else {
        unsafe context.release()
        throw LabError("pthread_create", "", errno: error)
    }
    return thread
}

/// What a thread's C callback is handed.
private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Written by one thread, and read by the one that joined it.
private final class Outcome<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
