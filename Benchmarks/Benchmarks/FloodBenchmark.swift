// SPDX-License-Identifier: Apache-2.0
import Drops
import FloodGenerator
import Lab
import Probe

/// A flood that rp_filter drops, with and without somebody watching.
///
/// One thread hands frames to the IP stack of a namespace. The rate is packets a second of that thread's CPU time, so
/// that what else the machine does counts as little as it can. The rounds are interleaved: each one measures all ways
/// of watching, one after the other.
struct FloodBenchmark {
    private static let packets = 1_000_000
    private static let rounds = 9

    /// One way of watching.
    private struct Way {
        var name: String
        var measure: (Bench) throws -> Sample
        var rate = Rounds()
        var ratio = Rounds()
        var dropped = 0
        var counted = 0

        init(name: String, measure: @escaping (Bench) throws -> Sample) {
            self.name = name
            self.measure = measure
        }
    }

    /// What one flood gave.
    private struct Sample {
        var nanoseconds: UInt64
        /// Growth of the kernel's IPReversePathFilter.
        var dropped: Int
        /// What the watcher says; nil when nobody watched.
        var counted: Int?

        init(nanoseconds: UInt64, dropped: Int) {
            self.nanoseconds = nanoseconds
            self.dropped = dropped
        }
    }

    func run() throws {
        let bench = try Bench()
        var ways = [
            Way(name: "nobody watches") { try $0.flood() },
            Way(name: "probe, a sample of each finding") { try $0.flood(watchedBy: .findings) },
            Way(name: "probe, every drop it can take") { try $0.flood(watchedBy: .everyDrop) },
        ]
        if RpfwatchProcess.isBuilt {
            ways.append(Way(name: "rpfwatch trace --json") { try $0.floodWatchedByRpfwatch() })
        }
        // Warms caches and clocks.
        _ = try bench.flood()

        for _ in 0..<Self.rounds {
            var alone = 0.0
            for index in ways.indices {
                let sample = try ways[index].measure(bench)
                let rate = Double(Self.packets) / Double(sample.nanoseconds) * 1_000
                if index == 0 { alone = rate }
                ways[index].rate.add(rate)
                ways[index].ratio.add(rate / alone)
                ways[index].dropped += sample.dropped
                ways[index].counted += sample.counted ?? 0
            }
        }

        print("Flood: \(Self.rounds) rounds of \(Self.packets) packets that rp_filter drops, on one CPU")
        print("  million packets a second; ratio to nobody watching in the same round; median (min to max)")
        for (index, way) in ways.enumerated() {
            let name = way.name + String(repeating: " ", count: 34 - way.name.count)
            let counts = index == 0 ? "" : "   counted \(way.counted) of \(way.dropped)"
            print("  \(name)\(way.rate.summary)   ratio \(way.ratio.summary)\(counts)")
        }
    }

    /// The namespace that is flooded.
    private struct Bench {
        private let testbed: Testbed
        private let frame =
            Testbed.ethernetAddress("a0") + Testbed.ethernetAddress("a1") + [0x08, 0x00]
            + IPv4Packet.udp(from: "203.0.113.5", to: "192.0.2.1").bytes

        init() throws {
            testbed = try Testbed()
            try testbed.apply([.rpFilter("a0", 1)])
        }

        func flood() throws -> Sample {
            let before = try KernelCounters(of: testbed.host)
            let frame = frame
            let nanoseconds = try testbed.host.enter {
                try pinThread(to: 0)
                return try FloodGenerator(interface: "a0").send(frame, count: packets)
            }
            let growth = try KernelCounters(of: testbed.host) - before
            return Sample(nanoseconds: nanoseconds, dropped: growth.reversePathFilter)
        }

        func flood(watchedBy detail: DetailBudget) throws -> Sample {
            var probe = try Probe(ProbeOptions(namespaceInode: UInt32(testbed.host.inode), detail: detail))
            try probe.attach()
            var sample = try flood()
            probe.detach()
            sample.counted = try probe.counters().reduce(0) {
                $1.key.outcome == .reversePathFilter ? $0 + Int($1.value.drops) : $0
            }
            return sample
        }

        func floodWatchedByRpfwatch() throws -> Sample {
            let rpfwatch = try RpfwatchProcess(["trace", "--json", "--netns", testbed.host.argument])
            try rpfwatch.waitForStart()
            var sample = try flood()
            let events = TraceEvents(try rpfwatch.interruptAndFinish())
            sample.counted = events.end?["rpf.drops"]?.integer
            return sample
        }
    }
}
