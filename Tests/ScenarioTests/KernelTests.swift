// SPDX-License-Identifier: Apache-2.0
import Lab
import Scenarios
import Testing

/// The scenarios without the program: what they provoke is what this kernel does.
@Suite struct KernelTests {
    @Test(arguments: Scenario.all)
    func `topology and packets provoke what they are meant to`(_ scenario: Scenario) async throws {
        try await check { scenario.runKernelOnly() }
    }
}
