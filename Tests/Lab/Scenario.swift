// SPDX-License-Identifier: Apache-2.0

/// A packet that is really dropped or accepted, why, and what lets it in: a topology, traffic and an expectation, as a value.
package struct Scenario: Sendable {
    /// What is wrong with a result, one sentence each; empty when nothing is.
    package typealias Problems = [String]

    package var name: String
    package var requirements: [Requirement]
    /// What is done to the base topology (`Testbed`) before the traffic.
    package var setup: [Step]
    package var traffic: Traffic
    package var expectation: Expectation
    /// Written by hand: lets the traffic in, which proves that topology and packets are right. Nil: nothing small does.
    package var remedy: [Step]?
    /// Datagrams that are delivered or forwarded when the traffic is accepted.
    package var acceptedCount: Int
    /// Datagrams that are delivered even when the traffic is dropped: what a tunnel carries it in.
    package var carrierCount: Int
    /// The host's namespace has no name, like a container's.
    package var unnamedHost: Bool

    package init(
        _ name: String, requires requirements: [Requirement] = [], unnamedHost: Bool = false, setup: [Step],
        traffic: Traffic, acceptedCount: Int? = nil, carrierCount: Int = 0, expect expectation: Expectation,
        remedy: [Step]? = nil
    ) {
        self.name = name
        self.requirements = requirements
        self.setup = setup
        self.traffic = traffic
        self.expectation = expectation
        self.remedy = remedy
        self.acceptedCount = acceptedCount ?? traffic.count
        self.carrierCount = carrierCount
        self.unnamedHost = unnamedHost
    }
}

extension Scenario: CustomStringConvertible {
    package var description: String { name }
}
