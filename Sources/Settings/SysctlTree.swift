// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

/// The configuration files as one reader on this host takes them: which line gives a sysctl of `net.ipv4.conf` its value.
///
/// systemd-sysctl (`src/sysctl/sysctl.c`): of files with one name the one in the first directory counts; files are sorted
/// by name; a key that is set again moves to its new place, unless the value is the same; patterns pass over every key
/// that is written out somewhere, whatever the order; `-key` takes an earlier assignment back. procps (`src/sysctl.c`):
/// every line is applied in its turn, /etc/sysctl.conf after all files, and `-pattern` may keep patterns off as well.
package struct SysctlTree: Hashable, Sendable {
    package let dialect: SysctlDialect
    private let files: [SysctlFile]
    /// In the order in which they are applied.
    private let statements: [SysctlStatement]

    /// Nil when nobody reads the files, or not all of them are known.
    package init?(_ sources: SysctlSources) {
        guard sources.isComplete, let dialect = SysctlDialect(sources.reader) else { return nil }
        self.init(dialect, sources.files)
    }

    private init(_ dialect: SysctlDialect, _ files: [SysctlFile]) {
        self.dialect = dialect
        self.files = files
        let lines = Self.sequence(of: files, dialect).flatMap { file in
            file.lines.compactMap { SysctlStatement($0, of: file.path, dialect: dialect) }
        }
        statements = dialect.family == .systemd ? Self.merged(lines) : lines
    }

    /// The same with one more file; one of the same path is replaced.
    package func adding(_ file: SysctlFile) -> Self {
        Self(dialect, files.filter { $0.path != file.path } + [file])
    }

    package func hasFile(_ path: String) -> Bool { files.contains { $0.path == path } }

    /// The file name that sorts last among those that are read; nil when there is none.
    package var lastName: String? {
        Self.sequence(of: files, dialect).last { $0.directory != nil }?.name
    }

    // MARK: The order

    /// The files that are read, in the order in which they are.
    private static func sequence(of files: [SysctlFile], _ dialect: SysctlDialect) -> [SysctlFile] {
        var chosen: [[UInt8]: (rank: Int, file: SysctlFile)] = [:]
        for file in files where dialect.reads(file.name) {
            guard let directory = file.directory, let rank = dialect.directories.firstIndex(of: directory) else {
                continue
            }
            let name = Array(file.name.utf8)
            if let other = chosen[name], other.rank <= rank { continue }
            chosen[name] = (rank, file)
        }
        let sorted = chosen.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value.file)
        return sorted + (dialect.readsLastFile ? files.filter { $0.directory == nil } : [])
    }

    private static func merged(_ lines: [SysctlStatement]) -> [SysctlStatement] {
        var result: [SysctlStatement] = []
        var positions: [[UInt8]: Int] = [:]
        var isGone: Set<Int> = []
        for line in lines {
            if let position = positions[line.key] {
                guard result[position].value != line.value else {
                    // It keeps its place, and this line would still say so without the earlier one.
                    result[position] = line
                    continue
                }
                isGone.insert(position)
            }
            positions[line.key] = result.count
            result.append(line)
        }
        return result.indices.filter { !isGone.contains($0) }.map { result[$0] }
    }

    // MARK: What comes of it

    /// The values that a sysctl gets. `name` is an interface's, `all` or `default`.
    package func forecast(of key: InterfaceSysctl, in name: InterfaceName) -> SysctlForecast {
        let writes = writes(of: key, in: name)
        let own = writes.filter { $0.directory == name }
        let isCreated = dialect.appliesToNewInterfaces && name != "lo"

        var early = SysctlReplay(key, dialect, hasInterface: true)
        early.apply(writes, to: name)
        var raced = early
        if isCreated {
            early.apply(own, to: name)
            raced = SysctlReplay(key, dialect, hasInterface: true)
            raced.apply(own, to: name)
            raced.apply(writes, to: name)
        }
        var late = SysctlReplay(key, dialect, hasInterface: false)
        late.apply(writes, to: name)
        late.createInterface()
        if isCreated { late.apply(own, to: name) }
        // lo is there from the first moment and never goes.
        return SysctlForecast(
            atBoot: early.value(in: name), atBootLater: raced.value(in: name),
            whenCreatedAgain: name == "lo" ? early.value(in: name) : late.value(in: name))
    }

    /// The lines that write a sysctl of an interface, of `all` or of `default`: nobody's that only come to it as the copy
    /// of a default.
    package func statements(of key: InterfaceSysctl, in name: InterfaceName) -> [SysctlStatement] {
        writes(of: key, in: name).filter { $0.directory == name }.map(\.statement)
    }

    private func writes(of key: InterfaceSysctl, in name: InterfaceName) -> [SysctlReplay.Write] {
        let directories = Set([name, "all", "default"]).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        let paths = directories.map { (directory: $0, path: Self.path(of: key, in: $0)) }
        return statements.flatMap { statement -> [SysctlReplay.Write] in
            guard let value = statement.value else { return [] }
            return paths.filter { statement.covers($0.path) && !isKept(statement, from: $0.path) }.map {
                SysctlReplay.Write(directory: $0.directory, text: value, statement: statement)
            }
        }
    }

    private static func path(of key: InterfaceSysctl, in name: InterfaceName) -> [[UInt8]] {
        [Array("net".utf8), Array("ipv4".utf8), Array("conf".utf8), name.bytes, Array(key.rawValue.utf8)]
    }

    /// Whether a pattern passes over what it matches, because that is written out or excluded somewhere.
    private func isKept(_ pattern: SysctlStatement, from path: [[UInt8]]) -> Bool {
        guard pattern.isGlob else { return false }
        let text = pattern.spelling(of: path)
        return statements.contains { statement in
            if statement.key == text { return true }
            return dialect.hasPatternExclusions && statement.value == nil && statement.isGlob
                && GlobPattern.matches(statement.key, text)
        }
    }
}
