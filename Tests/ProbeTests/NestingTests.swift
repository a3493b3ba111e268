// SPDX-License-Identifier: Apache-2.0
import Drops
import FloodGenerator
import Glibc
import Lab
import Probe
import Synchronization
import Testing

/// Drops that interrupt the drop program: the kernel skips a program that is already running on the CPU.
@Suite(.serialized, .enabled(if: isRoot, "needs root: namespaces and BPF"))
struct NestingTests {
    /// A process frees skbs on one CPU as fast as it can, while packets sent from another CPU interrupt it there.
    @Test(.enabled(if: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1, "needs two CPUs"))
    func noRPFilterDropIsLostWhileAProcessDropsOnTheSameCPU() throws {
        let testbed = try Testbed()
        try testbed.apply([.rpFilter("a0", 1)])
        // Received packets are handed to CPU 1 (receive packet steering), whichever CPU sent them.
        try runSuccessfully([
            "ip", "netns", "exec", testbed.host.argument, "sh", "-c", "echo 2 > /sys/class/net/a0/queues/rx-0/rps_cpus",
        ])
        let sender = try PacketSender(on: "a1", of: testbed.client, ethernetAddress: Testbed.ethernetAddress("a1"))
        let packets = [IPv4Packet](repeating: .udp(from: "203.0.113.5", to: "192.0.2.1"), count: 2_000)

        // Without a namespace to filter by, so that the process' drops take as long as they can.
        let watch = try Watch(testbed.host, everywhere: true)
        let dropper = ProcessContextDropper(cpu: 1)
        defer { dropper.stop() }
        try detachThread { dropper.run() }

        var compared = 0
        var attempts = 0
        while attempts < 200 && (compared < 20 || watch.nestedRescues() == 0) {
            attempts += 1
            let before = (try watch.counts(), try Self.switchesOfProcessOne())
            try onFreshThread {
                try pinThread(to: 0)
                try sender.send(packets, to: Testbed.ethernetAddress("a0"))
            }
            try watch.settle(for: 30_000)
            let after = (try watch.counts(), try Self.switchesOfProcessOne())
            // Sandboxes hide from BPF what happens while their process 1 runs, which packets from another CPU may
            // interrupt as well; what was sent meanwhile proves nothing.
            guard before.1 == after.1 else { continue }
            compared += 1
            #expect(after.0.ours - before.0.ours == after.0.kernel - before.0.kernel)
        }
        dropper.stop()
        let seen = try watch.finish()
        #expect(compared >= 20, "process 1 was never quiet, so the test shows nothing")
        #expect(seen.nestedRescues > 0, "nothing was nested, so the test shows nothing")
        #expect(seen.nestedLosses == 0)
    }

    /// How often the threads of process 1 have been scheduled away.
    private static func switchesOfProcessOne() throws -> Int {
        usleep(5_000)
        return names(in: "/proc/1/task").reduce(0) { sum, thread in
            let lines = (contents(of: "/proc/1/task/\(thread)/status") ?? "").split(separator: "\n")
            return lines.filter { $0.contains("ctxt_switches") }.reduce(sum) {
                $0 + (Int($1.split(separator: "\t").last ?? "") ?? 0)
            }
        }
    }
}

/// Makes the kernel free skbs in process context: netlink messages to nobody.
private final class ProcessContextDropper: Sendable {
    private let cpu: Int
    private let isStopped = Atomic(false)

    init(cpu: Int) { self.cpu = cpu }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func run() {
        try? pinThread(to: cpu)
        let socket = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 2)  // NETLINK_USERSOCK
        defer { close(socket) }
        // struct sockaddr_nl with a port that nobody has.
        var nobody = [UInt8](repeating: 0, count: 12)
        nobody[0] = UInt8(AF_NETLINK)
        nobody.replaceSubrange(4..<8, with: [0xFE, 0xFF, 0xFF, 0x7F])
        let message = [UInt8](repeating: 0, count: 16)
        while !isStopped.load(ordering: .relaxed) {
            unsafe nobody.withUnsafeBytes { nobody in
                unsafe message.withUnsafeBytes { message in
                    guard let address = unsafe nobody.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                        return
                    }
                    _ = unsafe sendto(socket, message.baseAddress, message.count, 0, address, socklen_t(nobody.count))
                }
            }
        }
    }
}
