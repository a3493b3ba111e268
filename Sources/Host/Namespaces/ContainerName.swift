// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// The name that a container's engine gave it, where the engine keeps it in a file that can be read in one go (Docker,
/// podman). Nil otherwise; other engines would have to be asked over their sockets.
func containerName(id: String) -> String? {
    guard id.utf8.count == 64 else { return id }
    if let bytes = Files.contents(FilePath("/var/lib/docker/containers/\(id)/config.v2.json")),
        let name = JSONScanner(bytes).string(at: ["Name"])
    {
        return name.hasPrefix("/") ? String(name.dropFirst()) : name
    }
    let podman: FilePath = "/var/lib/containers/storage/overlay-containers/containers.json"
    guard let bytes = Files.contents(podman, limit: 4 << 20) else { return nil }
    return JSONScanner(bytes).string(inElementWith: "id", equalTo: id, at: "names")
}

/// Finds single strings in a JSON document without building it. Malformed input gives nil.
struct JSONScanner {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The string reached from the top by object keys.
    func string(at path: [String]) -> String? {
        var found: String?
        var position = 0
        _ = value(&position, depth: 0, path: []) { keys, text in
            if found == nil && keys == path { found = text }
        }
        return found
    }

    /// In an array of objects: the (first) string under `key` of the object whose `idKey` is `id`.
    func string(inElementWith idKey: String, equalTo id: String, at key: String) -> String? {
        var position = 0
        skipSpace(&position)
        guard next(&position) == UInt8(ascii: "[") else { return nil }
        while position < bytes.count {
            var isMatch = false
            var found: String?
            guard
                value(
                    &position, depth: 0, path: [],
                    { keys, text in
                        if keys == [idKey] && text == id { isMatch = true }
                        if keys == [key] && found == nil { found = text }
                    })
            else { return nil }
            if isMatch { return found }
            skipSpace(&position)
            guard next(&position) == UInt8(ascii: ",") else { return nil }
        }
        return nil
    }

    /// Reads one value and reports the strings in it with the object keys that lead there; array positions count as
    /// nothing. False when the input is malformed or nested absurdly deep.
    private func value(
        _ position: inout Int, depth: Int, path: [String], _ report: ([String], String) -> Void
    ) -> Bool {
        guard depth < 64 else { return false }
        skipSpace(&position)
        guard position < bytes.count else { return false }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            guard let text = string(&position) else { return false }
            report(path, text)
            return true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = bytes[position] == UInt8(ascii: "{")
            let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            position += 1
            skipSpace(&position)
            if position < bytes.count && bytes[position] == end {
                position += 1
                return true
            }
            while true {
                var path = path
                if isObject {
                    skipSpace(&position)
                    guard let key = string(&position) else { return false }
                    skipSpace(&position)
                    guard next(&position) == UInt8(ascii: ":") else { return false }
                    path.append(key)
                }
                guard value(&position, depth: depth + 1, path: path, report) else { return false }
                skipSpace(&position)
                switch next(&position) {
                case UInt8(ascii: ","): continue
                case end: return true
                default: return false
                }
            }
        default:
            // A number, true, false or null.
            let start = position
            while position < bytes.count, isScalar(bytes[position]) { position += 1 }
            return position > start
        }
    }

    /// A string literal. Escapes other than of the quote, the slash and the backslash are kept as they are written:
    /// names have none.
    private func string(_ position: inout Int) -> String? {
        guard next(&position) == UInt8(ascii: "\"") else { return nil }
        var text: [UInt8] = []
        while let byte = next(&position) {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = next(&position) else { return nil }
                if !Array("\"\\/".utf8).contains(escaped) { text.append(byte) }
                text.append(escaped)
            default: text.append(byte)
            }
        }
        return nil
    }

    private func next(_ position: inout Int) -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    private func skipSpace(_ position: inout Int) {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func isScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
