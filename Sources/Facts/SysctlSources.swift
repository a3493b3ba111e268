// SPDX-License-Identifier: Apache-2.0

/// The configuration files that give sysctls their values at boot, as far as they can be about `net.ipv4.conf`, and who
/// reads them. They count for the initial network namespace alone.
///
/// Paths and texts are chosen by others: make them safe before they reach a terminal.
package struct SysctlSources: Hashable, Sendable {
    /// Who reads the files on this host. The readers differ in which files they read, in what order, and in what a glob is.
    package enum Reader: Hashable, Sendable {
        /// `systemd-sysctl`, at boot and for each new interface; nil when its version cannot be told.
        case systemd(version: Int?)
        /// `sysctl --system` of procps, at boot alone; nil when its version cannot be told.
        case procps(version: String?)
        /// Nobody that is known.
        case none
    }

    package var reader: Reader
    /// In no order: the reader's rules make one.
    package var files: [SysctlFile]
    /// False when there is a file or a directory that may not be read, or more than is taken in: then nothing is certain.
    package var isComplete: Bool

    package init(reader: Reader, files: [SysctlFile] = [], isComplete: Bool = true) {
        self.reader = reader
        self.files = files
        self.isComplete = isComplete
    }

    /// Where the files are, in the order of precedence: of two files with one name only the one in the directory that
    /// stands first here is read.
    package static let directories = [
        "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d",
    ]
    /// Read by procps alone, after all others. systemd reads it only where a link in one of the directories leads to it.
    package static let lastFile = "/etc/sysctl.conf"
}

/// One of these files.
package struct SysctlFile: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case regular
        /// Says nothing, and hides the files of its name in later directories: empty, a link to /dev/null or to nowhere,
        /// a directory.
        case masked
        /// It is there and may not be read.
        case unreadable
    }

    /// Index in `SysctlSources.directories`; nil for `SysctlSources.lastFile`.
    package var directory: Int?
    package var name: String
    package var kind: Kind
    /// Those that can be about `net.ipv4.conf`, in their order.
    package var lines: [SysctlLine]

    package init(directory: Int?, name: String, kind: Kind = .regular, lines: [SysctlLine] = []) {
        self.directory = directory
        self.name = name
        self.kind = kind
        self.lines = lines
    }

    package var path: String {
        guard let directory, SysctlSources.directories.indices.contains(directory) else {
            return SysctlSources.lastFile
        }
        return "\(SysctlSources.directories[directory])/\(name)"
    }
}

/// One line of a file.
package struct SysctlLine: Hashable, Sendable {
    /// From 1.
    package var number: Int
    package var text: String

    package init(number: Int, text: String) {
        self.number = number
        self.text = text
    }

    /// The lines of a file that can be about `net.ipv4.conf`: no comment, and with `ipv4` or a glob in the key. Nil when
    /// there are too many, or one is too long.
    package static func relevant(in contents: some Sequence<UInt8>) -> [SysctlLine]? {
        var result: [SysctlLine] = []
        let lines = Array(contents).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard let first = content.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            let key = content.prefix { $0 != UInt8(ascii: "=") }
            guard key.contains(where: { globCharacters.contains($0) }) || contains(key, ipv4) else { continue }
            guard line.count <= lengthLimit, result.count < countLimit else { return nil }
            result.append(SysctlLine(number: index + 1, text: String(decoding: line, as: UTF8.self)))
        }
        return result
    }

    private static let lengthLimit = 1024
    private static let countLimit = 2048
    private static let globCharacters = Array("*?[".utf8)
    private static let ipv4 = Array("ipv4".utf8)

    private static func contains(_ text: ArraySlice<UInt8>, _ part: [UInt8]) -> Bool {
        text.indices.contains { text[$0...].starts(with: part) }
    }
}
