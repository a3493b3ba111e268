// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The files of a host below some root: `/`, or a tree that a test made.
struct HostTree: Sendable {
    private let root: RootedPath

    /// The largest configuration file that is read; what lies behind is not seen.
    private static let limit = 1 << 18

    init(root: FilePath) { self.root = RootedPath(root: root) }

    /// Where a path of the host leads to; links are followed as the host would.
    func path(_ path: String) -> FilePath {
        // What is not there is not there under any other name either.
        root.resolve(path) ?? root.root.pushing(FilePath(path).removingRoot())
    }

    func text(_ path: String) -> String? {
        Files.contents(self.path(path), limit: Self.limit).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The lines of a file, numbered from 1; nil when there is no such file.
    func lines(_ path: String) -> [NumberedLine]? {
        text(path).map { text in
            text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().map { number, line in
                NumberedLine(number: number + 1, text: String(line))
            }
        }
    }

    func exists(_ path: String) -> Bool { (try? Files.status(self.path(path))) != nil }

    /// The names in a directory that are text, sorted as `ls` in the C locale does; at most 4096.
    func names(in directory: String) -> [String] {
        Files.names(in: path(directory)).sorted { $0.lexicographicallyPrecedes($1) }.prefix(4096).compactMap { bytes in
            let name = String(decoding: bytes, as: UTF8.self)
            return Array(name.utf8) == bytes ? name : nil
        }
    }

    /// The files of several directories with a suffix, sorted by name. A name in an earlier directory hides the same one
    /// in a later one, as systemd and netplan have it.
    func files(in directories: [String], suffix: String) -> [String] {
        var paths: [String: String] = [:]
        for directory in directories {
            for name in names(in: directory) where name.hasSuffix(suffix) && paths[name] == nil {
                paths[name] = "\(directory)/\(name)"
            }
        }
        return paths.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    }
}

/// A line of a file, counted from 1, without its end.
struct NumberedLine: Sendable {
    var number: Int
    var text: String

    /// Without white space around it.
    var trimmed: Substring { text[...].trimmed }

    var words: [Substring] { text.split { $0 == " " || $0 == "\t" } }
}

extension Substring {
    /// Without white space around it.
    var trimmed: Substring {
        var result = self
        while result.first?.isWhitespace == true { result.removeFirst() }
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }

    /// Without the double or single quotes around it.
    var unquoted: Substring {
        for quote in ["\"", "'"] as [Character] where first == quote && last == quote && utf8.count > 1 {
            return dropFirst().dropLast()
        }
        return self
    }
}
