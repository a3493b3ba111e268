// SPDX-License-Identifier: Apache-2.0
import Fixes
import Host
import Packets

/// The file that makes a fix last.
enum FixPersistence {
    /// Refuses to replace a file that somebody else wrote.
    static func require(_ persist: Fix.Persistence) throws {
        guard let content = try existing(persist.path), !content.starts(with: Fix.Persistence.mark) else { return }
        throw CommandFailure(
            .failed, "\(terminalSafe(persist.path)) is there already and not of rpfwatch; move it away first")
    }

    static func write(_ persist: Fix.Persistence) throws {
        try require(persist)
        // netplan's files may hold secrets, and it complains about any that others may read.
        try replaceConfiguration(
            persist.path, with: Array(persist.content.utf8), isPrivate: persist.path.hasPrefix("/etc/netplan/"))
    }

    private static func existing(_ path: String) throws -> String? {
        var bytes: [UInt8] = []
        do throws(HostError) {
            try readInput(path) { bytes += $0 }
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
