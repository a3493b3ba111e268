// SPDX-License-Identifier: Apache-2.0
import Facts
import Foundation
import Host
import Packets
import Settings
import SystemPackage
import Testing

/// A tree below `Trees`, whose README says where its values are documented.
struct Distribution: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var reader: SysctlSources.Reader
    /// rp_filter of all, default, an interface at boot, and one that is created.
    var values: [Int32]
    /// The line behind the interface's value.
    var place: String?

    static var trees: String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Trees").path(percentEncoded: false)
    }

    static let all = [
        Distribution(testDescription: "debian-12", reader: .systemd(version: 252), values: [0, 0, 0, 0]),
        Distribution(
            // The exclusion in 50-default.conf takes back what 10-network-security.conf says about all.
            testDescription: "ubuntu-24.04", reader: .systemd(version: 255), values: [0, 2, 2, 2],
            place: "/usr/lib/sysctl.d/50-default.conf:3"),
        Distribution(
            testDescription: "rhel-9", reader: .systemd(version: 252), values: [0, 1, 1, 1],
            place: "/usr/lib/sysctl.d/50-redhat.conf:3"),
        Distribution(
            testDescription: "amazon-2023", reader: .systemd(version: 252), values: [0, 2, 2, 2],
            place: "/usr/lib/sysctl.d/50-default.conf:3"),
        Distribution(
            testDescription: "gce-debian-12", reader: .systemd(version: 252), values: [1, 1, 1, 1],
            place: "/etc/sysctl.d/60-gce-network-security.conf:12"),
    ]
}

@Suite struct DistributionTests {
    @Test(arguments: Distribution.all) func `a distribution's files come to`(_ one: Distribution) throws {
        var reader = SysctlSourceReader(root: FilePath("\(Distribution.trees)/\(one.testDescription)"))
        var sources = reader.read()
        #expect(sources.isComplete)
        // The tree holds no programs.
        #expect(sources.reader == .none)
        sources.reader = one.reader
        let tree = try #require(SysctlTree(sources))
        let interface = tree.forecast(of: .rpFilter, in: "enp1s0")
        #expect(
            [
                tree.forecast(of: .rpFilter, in: "all").atBoot.value,
                tree.forecast(of: .rpFilter, in: "default").atBoot.value, interface.atBoot.value,
                interface.whenCreatedAgain.value,
            ] == one.values)
        #expect(interface.atBoot.statement?.place == one.place)
    }
}
