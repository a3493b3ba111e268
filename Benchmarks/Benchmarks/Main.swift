// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures what tracing costs; every figure stands beside one of the same run to compare it with. Names as arguments
/// choose: `flood`, `start`, `routes`.
@main
struct Benchmarks {
    static func main() throws {
        guard geteuid() == 0 else { throw Refusal() }
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == RouteLoad.argument, let path = arguments.dropFirst().first {
            return try RouteLoad().run(path: path)
        }
        func isWanted(_ name: String) -> Bool { arguments.isEmpty || arguments.contains(name) }
        if isWanted("flood") { try FloodBenchmark().run() }
        if isWanted("start") { try StartBenchmark().run() }
        if isWanted("routes") { try RoutesBenchmark().run() }
    }

    private struct Refusal: Error, CustomStringConvertible {
        var description: String { "The benchmarks make network namespaces and load BPF programs: run them as root." }
    }
}
