// SPDX-License-Identifier: Apache-2.0
import Host

/// The wish of the user to stop. The first signal asks for the report, a second one ends the program at once, whatever it
/// is doing: a reader that does not read cannot keep it alive.
final class StopSignal {
    private let signals: SignalDescriptor
    private(set) var isRequested = false

    /// Made before any other thread, so that none of them takes a signal.
    init() throws(HostError) {
        signals = try SignalDescriptor()
    }

    /// To wait on; nil once stopping was asked for.
    var descriptor: CInt? { isRequested ? nil : signals.descriptor }

    /// Takes note of what came, without waiting.
    func check() {
        guard !isRequested, !signals.pending().isEmpty else { return }
        isRequested = true
        signals.release()
    }
}
