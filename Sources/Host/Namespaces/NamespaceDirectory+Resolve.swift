// SPDX-License-Identifier: Apache-2.0
import Packets
import SystemPackage

/// Opens the network namespace that `--netns` names: a name in /run/netns, which wins over a process ID, a process ID,
/// a path, or `inode:N`.
package func resolveNamespace(_ text: String) throws(HostError) -> NetworkNamespace {
    if text.hasPrefix("inode:") {
        guard let inode = UInt32(text.dropFirst("inode:".count)) else {
            throw unknown(text, "the inode is not a number")
        }
        guard let entry = NamespaceDirectory.discover().entries[inode] else {
            throw unknown(text, "nothing that can be seen from here is in that namespace")
        }
        return try NetworkNamespace(path: entry.path)
    }
    if text.contains("/") { return try NetworkNamespace(path: FilePath(text)) }
    if text.isEmpty || text == "." || text == ".." || text.utf8.contains(0) {
        throw unknown(text, "that is not a name")
    }
    let path = NamespaceDirectory.nameDirectory.appending(bytes: Array(text.utf8))
    if (try? Files.status(path)) != nil { return try NetworkNamespace(path: path) }
    guard let processID = Int32(text), processID > 0 else { throw unknown(text, "/run/netns has no such name") }
    guard (try? Files.status(FilePath("/proc/\(processID)"))) != nil else {
        throw unknown(text, "there is no such name in /run/netns and no such process")
    }
    return try NetworkNamespace(processID: processID)
}

private func unknown(_ text: String, _ reason: String) -> HostError {
    let names = NamespaceDirectory.names().map { terminalSafe(bytes: $0.name) }
    let list = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    let known = names.isEmpty ? "/run/netns is empty" : "/run/netns has \(list)"
    return HostError(
        .notFound, cannot: "find the network namespace", text.isEmpty ? "''" : text, reason: reason,
        remedy: "give a name, a process ID, a path or inode:N; \(known)")
}
