// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

extension JSONBuffer {
    mutating func write(_ sources: SysctlSources) {
        beginObject()
        object("reader") { reader in
            reader.key("name")
            switch sources.reader {
            case .systemd(let version):
                reader.word("systemd")
                reader.key("version")
                reader.optional(version.map(String.init)) { $0.word($1) }
            case .procps(let version):
                reader.word("procps")
                reader.key("version")
                reader.optional(version) { $0.string($1) }
            case .none:
                reader.word("none")
                reader.key("version")
                reader.null()
            }
        }
        key("complete")
        bool(sources.isComplete)
        array("files", sources.files) { list, file in
            list.beginObject()
            list.key("directory")
            list.optional(file.directory) { $0.number($1) }
            list.key("name")
            list.string(file.name, limit: Limit.whole)
            list.key("kind")
            list.word(file.kind.rawValue)
            list.array("lines", file.lines) { lines, line in
                lines.beginObject()
                lines.key("number")
                lines.number(line.number)
                lines.key("text")
                lines.string(line.text, limit: Limit.whole)
                lines.endObject()
            }
            list.endObject()
        }
        endObject()
    }
}

extension SysctlSources {
    /// Files that cannot be read back make the rest of no use: nothing is certain then.
    init?(_ json: JSONValue?) {
        guard let json, let name = json.member("reader.name")?.string else { return nil }
        let version = json.member("reader.version")?.string
        let reader: Reader =
            switch name {
            case "systemd": .systemd(version: version.flatMap { Int($0) })
            case "procps": .procps(version: version)
            default: .none
            }
        let entries = json["files"]?.array ?? []
        let files = entries.compactMap { SysctlFile($0) }
        self.init(
            reader: reader, files: files,
            isComplete: json["complete"]?.bool ?? false && files.count == entries.count)
    }
}

extension SysctlFile {
    fileprivate init?(_ json: JSONValue) {
        guard let name = json["name"]?.string, let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)) else {
            return nil
        }
        let entries = json["lines"]?.array ?? []
        let lines = entries.compactMap { line -> SysctlLine? in
            guard let number = line["number"]?.integer(Int.self), let text = line["text"]?.string else { return nil }
            return SysctlLine(number: number, text: text)
        }
        guard lines.count == entries.count else { return nil }
        self.init(directory: json["directory"]?.integer(), name: name, kind: kind, lines: lines)
    }
}
