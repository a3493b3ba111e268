// SPDX-License-Identifier: Apache-2.0
import Host
import Reports

/// Where events leave the program: rendered for stdout and written, each with one write(2).
final class EventSink {
    private var rendering: Output
    private let stdout: LineOutput
    private let stop: StopSignal
    let clock: ClockOffset
    let origin: Origin
    /// What went wrong with stdout; nothing is written after that.
    private(set) var failure: HostError?

    init(
        _ rendering: Output, to stdout: consuming LineOutput, stop: StopSignal, clock: ClockOffset, origin: Origin
    ) {
        self.rendering = rendering
        self.stop = stop
        self.stdout = stdout
        self.clock = clock
        self.origin = origin
    }

    var showsDrops: Bool { rendering.showsDrops }

    func send(_ event: (ClockOffset, Origin) -> Event) {
        guard failure == nil else { return }
        let bytes = rendering.render(event(clock, origin))
        guard !bytes.isEmpty else { return }
        if let signals = stop.descriptor {
            stdout.waitUntilWritable(orReadable: signals)
            stop.check()
        }
        do throws(HostError) {
            try stdout.write(bytes)
        } catch {
            failure = error
        }
    }
}
