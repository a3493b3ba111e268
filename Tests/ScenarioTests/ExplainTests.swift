// SPDX-License-Identifier: Apache-2.0
import Lab
import Scenarios
import Testing

/// The scenarios asked about, without tracing: what `explain` says has to happen.
@Suite struct ExplainTests {
    @Test(arguments: Scenario.all)
    func `what explain says of a packet happens to it`(_ scenario: Scenario) async throws {
        try await check { scenario.runExplained() }
    }
}
