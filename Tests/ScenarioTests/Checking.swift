// SPDX-License-Identifier: Apache-2.0
import Lab
import Synchronization
import Testing

/// Runs something on a thread of its own, a few at a time, and records what was wrong.
func check(_ run: @escaping @Sendable () -> ScenarioResult) async throws {
    await places.enter()
    let result = await withCheckedContinuation { continuation in
        do {
            try detachThread { continuation.resume(returning: run()) }
        } catch {
            continuation.resume(returning: .failed(["\(error)"]))
        }
    }
    await places.leave()
    switch result {
    case .passed, .blind: return
    case .skipped(let proof): try Test.cancel("\(proof)")
    case .failed(let problems): for problem in problems { Issue.record("\(problem)") }
    }
}

/// How many scenarios run at once: they wait more than they work.
private let places = Places(4)

private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
