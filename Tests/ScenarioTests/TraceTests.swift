// SPDX-License-Identifier: Apache-2.0
import Lab
import Scenarios
import Testing

/// The scenarios under `rpfwatch trace`.
@Suite struct TraceTests {
    @Test(arguments: Scenario.all)
    func `a drop is attributed, reconciled with the kernel and fixed`(_ scenario: Scenario) async throws {
        try await check { scenario.runTraced() }
    }

    @Test(arguments: Procedure.all)
    func `namespaces that come, go and share a moment are told as they are`(_ procedure: Procedure) async throws {
        try await check { procedure.run() }
    }
}
