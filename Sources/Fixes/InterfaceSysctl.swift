// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// One value under `net.ipv4.conf`.
struct SysctlSetting: Hashable, Sendable {
    typealias Scope = SysctlScope

    var scope: Scope
    var key: InterfaceSysctl
    var value: Int32

    init(_ scope: Scope, _ key: InterfaceSysctl, _ value: Int32) {
        self.scope = scope
        self.key = key
        self.value = value
    }

    /// The value the setting replaces.
    func current(in configuration: NamespaceConfiguration) -> Int32 { configuration[scope, key] }

    /// The name between `conf.` and the key; nil for an interface that is gone.
    func directory(in facts: NetworkFacts) -> InterfaceName? { facts.directory(of: scope) }

    /// The command's words. `sysctl` takes a dot in a name for a separator unless the key is written with slashes,
    /// splits at the first `=`, expands glob characters over all interfaces, and refuses a leading dot (procps 4.0.2):
    /// such names are written to through the file.
    func words(name: InterfaceName, value: Int32) -> [ShellWord] {
        if SysctlName.isMisread(name) {
            return [
                "sh", "-c",
                ShellWord(quoting: "echo \(value) > \"/proc/sys/net/ipv4/conf/$1/\(key.rawValue)\""),
                "sh", ShellWord(quoting: name),
            ]
        }
        return ["sysctl", "-w", SysctlName.assignment(name: name, key: key, value: value)]
    }
}

/// How `sysctl` and sysctl.d files spell a key that contains an interface's name.
enum SysctlName {
    static func isMisread(_ name: InterfaceName) -> Bool {
        let misread = Array("=*?[]{}~\\\"".utf8)
        return name.bytes.first == UInt8(ascii: ".") || name.bytes.contains { $0 < 0x21 || $0 > 0x7E }
            || name.bytes.contains { misread.contains($0) } || hasRepeatedDots(name)
    }

    /// `net.ipv4.conf.eth0.rp_filter=2`, with slashes when the name has dots.
    static func assignment(name: InterfaceName, key: InterfaceSysctl, value: Int32) -> ShellWord {
        name.bytes.contains(UInt8(ascii: "."))
            ? ShellWord("net/ipv4/conf/", name, "/\(key.rawValue)=\(value)")
            : ShellWord("net.ipv4.conf.", name, ".\(key.rawValue)=\(value)")
    }

    private static func hasRepeatedDots(_ name: InterfaceName) -> Bool {
        zip(name.bytes, name.bytes.dropFirst()).contains { $0 == UInt8(ascii: ".") && $1 == $0 }
    }
}
