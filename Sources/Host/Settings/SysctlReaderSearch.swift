// SPDX-License-Identifier: Apache-2.0
import Facts
import SystemPackage

/// Who applies the files of sysctl.d on this host. Nothing is run: programs name their version in their file.
enum SysctlReaderSearch {
    static func reader(below root: RootedPath) -> SysctlSources.Reader {
        // The sign by which systemd's own tools know that it runs (sd_booted(3)).
        if root.resolve("/run/systemd/system") != nil, let program = contents(of: systemdPrograms, root) {
            return .systemd(
                version: version(after: "libsystemd-shared-", in: program).flatMap { Int($0.prefix { $0 != "." }) })
        }
        if let program = contents(of: procpsPrograms, root), let version = version(after: "procps-ng ", in: program) {
            return .procps(version: version)
        }
        return .none
    }

    private static let systemdPrograms = ["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"]
    private static let procpsPrograms = ["/usr/sbin/sysctl", "/sbin/sysctl", "/usr/bin/sysctl", "/bin/sysctl"]

    private static func contents(of programs: [String], _ root: RootedPath) -> [UInt8]? {
        programs.lazy.compactMap { root.resolve($0) }.compactMap { Files.contents($0, limit: 1 << 22) }.first
    }

    /// The digits and dots that follow the first `marker` that a digit follows.
    private static func version(after marker: String, in program: [UInt8]) -> String? {
        let marker = Array(marker.utf8)
        guard let first = marker.first else { return nil }
        var rest = program[...]
        while let start = rest.firstIndex(of: first) {
            let tail = rest[start...]
            rest = tail.dropFirst()
            guard tail.starts(with: marker) else { continue }
            let digits = tail.dropFirst(marker.count).prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
            let text = String(decoding: digits, as: UTF8.self)
            if let first = text.first, first != "." { return String(text.reversed().drop { $0 == "." }.reversed()) }
        }
        return nil
    }
}
