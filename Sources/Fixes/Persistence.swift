// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets

/// How a fix survives a reboot.
enum Persistence {
    /// A sysctl.d file for a fix that only sets sysctls of the initial namespace; nil where such a file would not count
    /// or could not name the interface.
    ///
    /// An explicit key beats the globs of every other file; among explicit keys the file that sorts last wins.
    static func file(for changes: [Change], in situation: Situation) -> Fix.Persistence? {
        guard situation.finding.namespace.isInitial, changes.allSatisfy(\.isSysctl) else { return nil }
        var lines: [String] = []
        for change in changes {
            guard case .sysctl(let setting) = change, let name = setting.directory(in: situation.facts),
                !SysctlName.isMisread(name)
            else { return nil }
            lines.append(SysctlName.line(name: name, key: setting.key, value: setting.value))
        }
        let content = "# Written for rpfwatch finding \(situation.finding.id).\n" + lines.map { $0 + "\n" }.joined()
        return Fix.Persistence(
            path: "/etc/sysctl.d/zz-rpfwatch-\(fileName(situation.ingress.name)).conf", content: content)
    }

    /// Interface names may hold what file managers and shells trip over; those bytes become their hexadecimal digits.
    private static func fileName(_ name: InterfaceName) -> String {
        name.bytes.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(decoding: [byte], as: UTF8.self)
            default: "%" + hexByte(byte)
            }
        }.joined()
    }

    /// How to make the fix last where no file is offered.
    static func notes(for changes: [Change], isPersistent: Bool, in situation: Situation) -> [String] {
        guard !isPersistent else { return [] }
        let namespace = situation.finding.namespace
        if !namespace.isInitial {
            return [CreatorNotes(changes, in: situation).sentence]
        }
        if changes.allSatisfy(\.isSysctl) {
            return ["A sysctl.d file cannot name this interface, so something else has to set the value at boot."]
        }
        return ["Lost at the next boot: put it into this host's network configuration as well."]
    }
}

extension SysctlName {
    /// The line of a sysctl.d file, which knows no quotes.
    static func line(name: InterfaceName, key: InterfaceSysctl, value: Int32) -> String {
        name.bytes.contains(UInt8(ascii: "."))
            ? "net/ipv4/conf/\(name.text)/\(key.rawValue)=\(value)"
            : "net.ipv4.conf.\(name.text).\(key.rawValue)=\(value)"
    }
}
