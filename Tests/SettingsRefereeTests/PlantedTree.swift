// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Files below a directory that is gone with this value.
final class PlantedTree: Sendable {
    let path: String

    init(_ random: RandomTree) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "rpfwatch-tree-\(UUID())").path
        let manager = FileManager.default
        for (name, content) in random.entries {
            let place = "\(path)/\(name)"
            let directory = URL(filePath: place).deletingLastPathComponent()
            try manager.createDirectory(at: directory, withIntermediateDirectories: true)
            switch content {
            case .text(let text): try Data(text.utf8).write(to: URL(filePath: place))
            case .link(let target): try manager.createSymbolicLink(atPath: place, withDestinationPath: target)
            case .directory: try manager.createDirectory(atPath: place, withIntermediateDirectories: true)
            }
        }
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Writes one more file, whose path begins with a slash.
    func add(_ name: String, _ text: String) throws {
        let place = URL(filePath: path + name)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + name) }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: path + ".root")
    }
}
