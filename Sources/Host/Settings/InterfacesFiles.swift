// SPDX-License-Identifier: Apache-2.0
import Facts

/// interfaces(5), the files of ifupdown, in the order in which they are read.
struct InterfacesFiles {
    private struct Stanza {
        var name: String
        var place: FileLine
        /// How many directives had been read before it.
        var order: Int
    }

    /// A directory from which every file with a fitting name is read.
    private struct Source {
        var directory: String
        /// What a name ends in besides; nil: only letters, digits, `_` and `-` are taken.
        var suffix: String?
        var order: Int
        var names: [String]
    }

    private let tree: HostTree
    private var stanzas: [Stanza] = []
    private var sources: [Source] = []
    private var order = 0
    private(set) var isThere = false

    init(_ tree: HostTree) {
        self.tree = tree
        isThere = tree.exists("/etc/network/interfaces")
        read("/etc/network/interfaces", depth: 0)
    }

    private mutating func read(_ path: String, depth: Int) {
        guard depth < 8, stanzas.count < 4096, let lines = tree.lines(path) else { return }
        for line in lines {
            let words = line.words
            order += 1
            guard words.count > 1 else { continue }
            switch words[0] {
            case "iface" where words.count > 2 && words[2] == "inet":
                stanzas.append(Stanza(name: String(words[1]), place: FileLine(path, line.number), order: order))
            case "source": source(absolute(words[1], from: path), depth: depth)
            case "source-directory": sourceDirectory(absolute(words[1], from: path), depth: depth)
            default: break
            }
        }
    }

    private func absolute(_ path: Substring, from file: String) -> String {
        if path.hasPrefix("/") { return String(path) }
        return file.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/" + path
    }

    /// Patterns of the form `DIRECTORY/*SUFFIX` and plain paths; other patterns are left alone.
    private mutating func source(_ pattern: String, depth: Int) {
        guard let slash = pattern.lastIndex(of: "/") else { return }
        let directory = String(pattern[..<slash])
        let name = pattern[pattern.index(after: slash)...]
        guard name.first == "*" else {
            if !pattern.contains(where: { "*?[".contains($0) }) { read(pattern, depth: depth + 1) }
            return
        }
        let suffix = String(name.dropFirst())
        guard !(directory + suffix).contains(where: { "*?[".contains($0) }) else { return }
        let names = tree.names(in: directory).filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }
        for name in names { read("\(directory)/\(name)", depth: depth + 1) }
        sources.append(Source(directory: directory, suffix: suffix, order: order, names: names))
    }

    private mutating func sourceDirectory(_ directory: String, depth: Int) {
        guard !directory.contains(where: { "*?[".contains($0) }) else { return }
        let names = tree.names(in: directory).filter { name in
            name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
        }
        for name in names { read("\(directory)/\(name)", depth: depth + 1) }
        sources.append(Source(directory: directory, suffix: nil, order: order, names: names))
    }

    /// The last IPv4 stanza of an interface.
    func stanza(_ name: String) -> IfupdownStanza? {
        guard let last = stanzas.last(where: { $0.name == name }) else { return nil }
        return IfupdownStanza(place: last.place, laterFiles: laterFiles(than: last))
    }

    /// A sourced directory whose turn comes after the stanza, or that has the stanza in one of its files, and in which a
    /// name that begins with `zz-rpfwatch` is the last.
    private func laterFiles(than stanza: Stanza) -> IfupdownStanza.LaterFiles? {
        let prefix = IfupdownStanza.LaterFiles.prefix
        let source = sources.first { source in
            source.order >= stanza.order
                && source.names.allSatisfy { $0.hasPrefix(prefix) || $0.utf8.lexicographicallyPrecedes(prefix.utf8) }
        }
        return source.map { IfupdownStanza.LaterFiles(directory: $0.directory, suffix: $0.suffix ?? "") }
    }
}
