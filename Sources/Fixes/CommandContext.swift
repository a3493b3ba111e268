// SPDX-License-Identifier: Apache-2.0
package import Facts

/// How a command typed as root on the host gets into the network namespace that dropped.
package enum CommandContext: Hashable, Sendable {
    /// The shell is in that namespace already.
    case direct
    /// A name under /run/netns.
    case named(String)
    /// Through a process; the inode is checked first, because process ids are reused.
    case process(id: Int32, inode: UInt32)

    /// Nil when nothing leads into the namespace: no name, and no process known to be in it.
    package init?(_ namespace: NamespaceIdentity) {
        if namespace.isOwn && (namespace.isInitial || namespace.name == nil) {
            self = .direct
        } else if let name = namespace.name, !name.isEmpty, !name.utf8.contains(0x0A) {
            self = .named(name)
        } else if let process = namespace.processID ?? (namespace.isInitial ? 1 : nil) {
            self = .process(id: process, inode: namespace.inode)
        } else {
            return nil
        }
    }

    /// The complete command that runs `words` in the namespace, and only there.
    package func command(_ words: [ShellWord]) -> String {
        (check ?? "") + inside(words)
    }

    /// Runs `words` only when the output of `probe` is `expected`: for changes that name their object by a position.
    package func command(_ words: [ShellWord], whenOutputOf probe: [ShellWord], is expected: [UInt8]) -> String {
        let guarded = "[ \"$(\(inside(probe)))\" = \(ShellWord(quoting: expected).text) ] && \(inside(words))"
        return (check ?? "") + guarded
    }

    /// Runs `words` only when the output of `probe` has `line` in it.
    package func command(_ words: [ShellWord], whenOutputOf probe: [ShellWord], has line: [UInt8]) -> String {
        (check ?? "") + "\(inside(probe)) | grep -qF -- \(ShellWord(quoting: line).text) && \(inside(words))"
    }

    private var check: String? {
        guard case .process(let id, let inode) = self else { return nil }
        return "[ \"$(readlink /proc/\(id)/ns/net)\" = 'net:[\(inode)]' ] && "
    }

    private func inside(_ words: [ShellWord]) -> String {
        let line = words.map(\.text).joined(separator: " ")
        switch self {
        case .direct: return line
        case .named(let name):
            let quoted = ShellWord(quoting: name).text
            // `ip` enters by itself; -n is what people type.
            if words.first?.text == "ip" {
                return "ip -n \(quoted)" + line.dropFirst(2)
            }
            return "ip netns exec \(quoted) \(line)"
        case .process(let id, _): return "nsenter --net=/proc/\(id)/ns/net \(line)"
        }
    }
}
