// SPDX-License-Identifier: Apache-2.0
import Facts
import Foundation
import Glibc
import Host
import Lab
import Packets
import Settings
import SystemPackage
import Testing

/// What is predicted for files of sysctl.d, against what the real programs make of them.
@Suite(
    .enabled(if: geteuid() == 0, "network and mount namespaces can only be made as root"), .serialized)
struct RefereeTests {
    /// Seeds 0 to 239 were compared once: no value differed.
    static let trees = 20

    /// The readers that this machine has, as its own search names them.
    static func reader(_ program: Referee.Program) throws -> SysctlSources.Reader? {
        guard isExecutable(program.path) else { return nil }
        let version = try runSuccessfully([program.path, "--version"])
        let words = version.split { $0 == " " || $0 == "\n" }
        switch program {
        case .systemd: return .systemd(version: words.dropFirst().first.flatMap { Int($0) })
        case .procps: return .procps(version: words.last.map(String.init))
        }
    }

    private func compare(_ path: String, _ program: Referee.Program, _ label: String) throws {
        guard let reader = try Self.reader(program) else { return }
        var files = SysctlSourceReader(root: FilePath(path))
        var sources = files.read()
        sources.reader = reader
        let tree = try #require(SysctlTree(sources), "\(label)")
        for order in Referee.Order.allCases {
            let judged = try Referee(program: program).values(of: path, order, interfaces: RandomTree.interfaces)
            #expect(Set(judged.keys).isSuperset(of: RandomTree.interfaces + ["all", "default", "lo"]), "\(judged)")
            for (name, value) in judged
            where RandomTree.interfaces.contains(name) || ["all", "default", "lo"].contains(name) {
                let forecast = tree.forecast(of: .rpFilter, in: InterfaceName(name))
                let predicted =
                    switch order {
                    case .early: forecast.atBoot
                    case .raced: forecast.atBootLater
                    // lo is always there.
                    case .late: name == "lo" ? forecast.atBoot : forecast.whenCreatedAgain
                    }
                #expect(
                    predicted.value == value,
                    "\(label), \(order.rawValue), \(name): \(predicted.statement?.place ?? "-")")
            }
        }
    }

    @Test(arguments: Referee.Program.allCases) func `random files come to what is predicted`(
        _ program: Referee.Program
    ) throws {
        guard try Referee.doesFollowDefault() else { return }
        for seed in 0..<UInt64(Self.trees) {
            let tree = try PlantedTree(RandomTree(seed: seed))
            try compare(tree.path, program, "seed \(seed)")
        }
    }

    @Test(arguments: ["debian-12", "ubuntu-24.04", "rhel-9", "amazon-2023", "gce-debian-12"], Referee.Program.allCases)
    func `a distribution's files come to what is predicted`(_ name: String, _ program: Referee.Program) throws {
        guard try Referee.doesFollowDefault() else { return }
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../SettingsTests/Trees/\(name)").standardizedFileURL
        let copy = FileManager.default.temporaryDirectory.appending(path: "rpfwatch-tree-\(UUID())")
        try FileManager.default.copyItem(at: source, to: copy)
        defer {
            try? FileManager.default.removeItem(at: copy)
            try? FileManager.default.removeItem(atPath: copy.path + ".root")
        }
        try compare(copy.path, program, name)
    }
}
