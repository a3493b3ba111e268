// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures what tracing costs; every figure stands beside one of the same run to compare it with.
@main
struct Benchmarks {
    static func main() throws {
        guard geteuid() == 0 else { throw Refusal() }
        try FloodBenchmark().run()
        try StartBenchmark().run()
    }

    private struct Refusal: Error, CustomStringConvertible {
        var description: String { "The benchmarks make network namespaces and load BPF programs: run them as root." }
    }
}
