// SPDX-License-Identifier: Apache-2.0
import CAllocations
import Facts
import Glibc
import Host
import Lab
import ModelLab
import Packets
import Routing

/// One round of the benchmark of a full table, in a program of its own: prints its figures on one line.
struct RouteLoad {
    /// What the program is started with for a round.
    static let argument = "routes-round"
    /// What a round prints, in this order.
    static let figures = [
        "routes read",
        "load: milliseconds", "load: milliseconds of CPU time, the kernel's part included",
        "  of that the kernel's part", "index: milliseconds of CPU time",
        "memory: MB of the program before", "memory: MB at its peak", "memory: MB that it grew by",
        "source check: nanoseconds of CPU time", "source check: allocations of a thousand",
        "  by policy rules: nanoseconds of CPU time", "  by policy rules: allocations of a thousand",
        "kernel, RTM_GETROUTE: nanoseconds of CPU time", "ratio of the source check to the kernel",
        "answers of the two that differ",
    ]
    static let lookups = 2_000_000
    static let questions = 100_000
    /// The commands that make the host without its table.
    static let host = """
        link set lo up
        link add v0 type veth peer name v1
        link set v0 up
        link set v1 up
        address add 192.0.2.1/24 dev v0
        route add default via 192.0.2.2 dev v0

        """

    func run(path: String) throws {
        let namespace = try NetworkNamespace(path: path)
        let before = Self.memory("VmRSS")
        let clock = ContinuousClock()
        let (start, cpu, kernel) = (clock.now, Self.time(CLOCK_PROCESS_CPUTIME_ID), Self.kernelTime())
        let facts = try namespace.facts(NamespaceIdentity(inode: namespace.inode))
        let (readCPU, readKernel) = (Self.time(CLOCK_PROCESS_CPUTIME_ID), Self.kernelTime())
        let model = RoutingModel(facts)
        let end = clock.now
        let loadCPU = Self.time(CLOCK_PROCESS_CPUTIME_ID)
        let peak = Self.memory("VmHWM")

        guard let ingress = facts.link(named: "v0")?.index else { throw LabError("the host has no v0") }
        let check = Self.check(model, ingress)
        let ruled = Self.check(model.assuming(customRules: true, customLocalRoutes: nil), ingress)
        let (kernelNanoseconds, differences) = try Self.ask(namespace, model, ingress)
        let values: [Double] = [
            Double(facts.routes.count),
            (end - start) / .milliseconds(1), Double(loadCPU - cpu) / 1e6, Double(readKernel - kernel) / 1e6,
            Double(loadCPU - readCPU) / 1e6,
            before, peak, peak - before,
            check.nanoseconds, check.allocations, ruled.nanoseconds, ruled.allocations,
            kernelNanoseconds, check.nanoseconds / kernelNanoseconds, Double(differences),
        ]
        print(values.map { "\($0)" }.joined(separator: " "))
    }

    private static func packet(_ random: inout SeededGenerator) -> Packet {
        let source = UInt32.random(in: 0x0100_0000..<0xDF00_0000, using: &random)
        // 127/8 is refused before any lookup, and so are the host's own addresses after.
        let isOrdinary = source >> 24 != 127 && source >> 8 != 0xC0_0002
        return Packet(
            source: IPv4Address(rawValue: isOrdinary ? source : 0xCB00_7105),
            destination: IPv4Address(rawValue: 0xC000_0201), sourcePort: 9, destinationPort: 9)
    }

    private static func check(_ model: RoutingModel, _ ingress: UInt32) -> (nanoseconds: Double, allocations: Double) {
        let configuration = InterfaceConfiguration(rpFilter: 1)
        var random = SeededGenerator(state: 2)
        var accepted = 0
        let allocations = rpfw_allocations()
        let start = time(CLOCK_THREAD_CPUTIME_ID)
        for _ in 0..<lookups {
            let verdict = model.validateSource(
                packet(&random), ingress: ingress, path: .input, configuration: configuration)
            if verdict.isAccepted { accepted += 1 }
        }
        let nanoseconds = time(CLOCK_THREAD_CPUTIME_ID) - start
        let grown = rpfw_allocations() - allocations
        precondition(accepted == lookups, "\(lookups - accepted) packets were refused")
        return (Double(nanoseconds) / Double(lookups), Double(grown) * 1_000 / Double(lookups))
    }

    /// The time of the kernel's answers to the same questions, and how many the model answers otherwise.
    private static func ask(
        _ namespace: borrowing NetworkNamespace, _ model: RoutingModel, _ ingress: UInt32
    ) throws -> (nanoseconds: Double, differences: Int) {
        var oracle = try ReversePathOracle(in: namespace)
        var random = SeededGenerator(state: 2)
        let packets = (0..<questions).map { _ in packet(&random) }
        var answers: [ReversePathOracle.Answer] = []
        answers.reserveCapacity(questions)
        let start = time(CLOCK_THREAD_CPUTIME_ID)
        for packet in packets { answers.append(try oracle.ask(packet, ingress: ingress)) }
        let nanoseconds = time(CLOCK_THREAD_CPUTIME_ID) - start
        let differences = zip(packets, answers).count { packet, answer in
            var isAccepted = false
            if case .accepted = answer { isAccepted = true }
            return model.validateSource(packet, ingress: ingress).isAccepted != isAccepted
        }
        return (Double(nanoseconds) / Double(questions), differences)
    }

    private static func time(_ clock: clockid_t) -> UInt64 {
        var value = timespec()
        unsafe clock_gettime(clock, &value)
        return UInt64(value.tv_sec) * 1_000_000_000 + UInt64(value.tv_nsec)
    }

    /// Nanoseconds of CPU time that this program has spent in the kernel.
    private static func kernelTime() -> UInt64 {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return UInt64(usage.ru_stime.tv_sec) * 1_000_000_000 + UInt64(usage.ru_stime.tv_usec) * 1_000
    }

    /// A line of /proc/self/status in MB of a million octets.
    private static func memory(_ name: String) -> Double {
        guard let file = unsafe fopen("/proc/self/status", "r") else { return .nan }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split { $0 == " " || $0 == "\t" || $0 == ":" }
            if words.first == name[...], words.count > 1 { return (Double(words[1]) ?? .nan) * 1_024 / 1e6 }
        }
        return .nan
    }
}
